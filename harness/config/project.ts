import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CheckKind } from '../checks/define.ts';
import { KindRegistry } from '../checks/index.ts';
import { CountersignError, messageOf } from '../errors.ts';
import { confine } from './confine.ts';
import { type Environment, EnvironmentsSchema } from './environments.ts';
import { notifyProblems } from './notify-targets.ts';
import { validateYaml } from './validate.ts';
import { invalid, readYaml, type YamlFile } from './yaml.ts';
import { isZone } from './zone.ts';

/** What a user's `countersign.config.ts` may export as default. */
export interface UserConfig {
  /** Check kinds of the user's own. */
  checks?: readonly CheckKind[];
}

/** A repo that uses countersign: the folder that holds `checklists/`. */
export interface Project {
  root: string;
  kinds: KindRegistry;
  /** Folder of run state, never committed. */
  state: string;
}

export { confine } from './confine.ts';

const CONFIG_NAMES = ['countersign.config.ts', 'countersign.config.js', 'countersign.config.mjs'];

/** Finds the project around `cwd` and loads the user's own check kinds. */
export async function openProject(cwd: string): Promise<Project> {
  let root = cwd;
  while (!existsSync(join(root, 'checklists'))) {
    const parent = dirname(root);
    if (parent === root) {
      throw new CountersignError(
        'CONFIG_MISSING',
        `neither ${cwd} nor a folder above it holds \`checklists/\``,
        {
          hint: 'run countersign inside a repo that has gates',
        },
      );
    }
    root = parent;
  }
  return { root, kinds: new KindRegistry(await ownKinds(root)), state: join(root, '.countersign') };
}

async function ownKinds(root: string): Promise<readonly CheckKind[]> {
  const name = CONFIG_NAMES.find((candidate) => existsSync(join(root, candidate)));
  if (!name) return [];
  try {
    const { default: config } = (await import(pathToFileURL(join(root, name)).href)) as {
      default?: UserConfig;
    };
    if (typeof config !== 'object' || config === null) throw new Error('it has no default export');
    return kindsOf(config);
  } catch (cause) {
    throw new CountersignError('CONFIG_INVALID', `could not be loaded: ${messageOf(cause)}`, {
      where: { file: name },
      hint: 'its default export is {checks: [defineCheck({…})]}',
      cause,
    });
  }
}

/** A slip is named here: later it would be a TypeError in the middle of a gate. */
function kindsOf({ checks = [] }: UserConfig): readonly CheckKind[] {
  if (!Array.isArray(checks)) throw new Error('`checks` is not a list');
  for (const [index, kind] of (checks as readonly Partial<CheckKind>[]).entries()) {
    const whole =
      typeof kind?.kind === 'string' &&
      typeof kind.measure === 'function' &&
      typeof kind.options === 'object' &&
      typeof kind.facts === 'object' &&
      Array.isArray(kind.expect) &&
      ['none', 'reads', 'writes'].includes(kind.effects ?? '');
    if (!whole) throw new Error(`\`checks[${index}]\` is not what defineCheck gives`);
  }
  return checks;
}

export interface Environments {
  yaml: YamlFile;
  all: Readonly<Record<string, Environment>>;
}

export async function readEnvironments(root: string): Promise<Environments> {
  const file = 'checklists/environments.yml';
  const yaml = await readYaml(join(root, file), file);
  const { environments } = validateYaml(EnvironmentsSchema, yaml);
  const problems = Object.entries(environments)
    .filter(([, { zone }]) => zone !== undefined && !isZone(zone))
    .map(([name, { zone }]) => ({
      code: 'CONFIG_INVALID' as const,
      message: `\`${zone}\` is no IANA zone`,
      where: yaml.place(['environments', name, 'zone']),
      hint: 'zones look like Africa/Lagos or UTC',
    }));
  for (const [name, environment] of Object.entries(environments)) {
    for (const { path, message } of notifyProblems(environment)) {
      const where = yaml.place(['environments', name, ...path]);
      problems.push({
        code: 'CONFIG_INVALID',
        message,
        where,
        hint: 'declare it under `secrets`, as env, file or command',
      });
    }
  }
  if (problems.length > 0) throw invalid(problems);
  return {
    yaml,
    all: Object.fromEntries(
      Object.entries(environments).map(([name, environment]) => [name, { ...environment, name }]),
    ),
  };
}

export function pickEnvironment({ all }: Environments, name: string): Environment {
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (found) return found;
  throw new CountersignError(
    'UNKNOWN_ENVIRONMENT',
    `there is no environment \`${name}\`; known: ${Object.keys(all).join(', ')}`,
  );
}

/** Gate files of the project, relative to its root, sorted. */
export async function gateFiles(root: string): Promise<string[]> {
  const entries = await readdir(join(root, 'checklists'), { recursive: true });
  return entries
    .filter((entry) => entry.endsWith('.gate.yml') || entry.endsWith('.gate.yaml'))
    .map((entry) => join('checklists', entry))
    .sort();
}

/** A gate's file by its id (`staging-dry-run`) or by its path. */
export async function findGateFile(root: string, cwd: string, name: string): Promise<string> {
  if (/\.ya?ml$/.test(name)) return relative(root, resolve(cwd, name));
  const files = await gateFiles(root);
  const found = files.find((file) => file.replace(/^.*\//, '').replace(/\.gate\.ya?ml$/, '') === name);
  if (found) return found;
  const known = files.map((file) => file.replace(/^.*\//, '').replace(/\.gate\.ya?ml$/, ''));
  throw new CountersignError('CONFIG_MISSING', `there is no gate \`${name}\``, {
    hint:
      known.length > 0 ? `gates here: ${known.join(', ')}` : 'a gate is a file checklists/<name>.gate.yml',
  });
}

/** Like `confine`, for a file that must be there. */
export async function confineExisting(root: string, path: string): Promise<string> {
  const absolute = confine(root, path);
  if (existsSync(absolute)) return absolute;
  throw new CountersignError('CONFIG_MISSING', `there is no file \`${path}\``);
}
