import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { CountersignError, messageOf } from '#harness/errors.ts';
import { cacheFolder, fillOnce } from '#harness/tools/cache.ts';
import { isAtLeast } from '#harness/tools/pins.ts';
import { mustRun, runProgram } from '#harness/tools/run.ts';

const requirements = join(import.meta.dirname, 'schemathesis.requirements.txt');
const variable = 'COUNTERSIGN_SCHEMATHESIS';
/** The first release whose report and settings are those that we read and write. */
const oldest = '4.32.0';
const oldestPython = '3.11.0';
const installMs = 5 * 60_000;
/** A cold start reads some thirty packages from disk. */
const versionMs = 60_000;

export interface Schemathesis {
  command: readonly [string, ...string[]];
  version: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The one that COUNTERSIGN_SCHEMATHESIS names, else the one on PATH, else our own in the cache, installed now. */
export async function bringSchemathesis(env: Env, say: (line: string) => void): Promise<Schemathesis> {
  const named = env[variable];
  if (named) {
    const found = isAbsolute(named) ? await ask([named], env) : undefined;
    if (found) return found;
    throw missing(`${variable}=${named} is no schemathesis >= ${oldest}`, `correct or unset ${variable}`);
  }
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(isAbsolute)) {
    const found = await ask([join(folder, 'schemathesis')], env);
    if (found) return found;
  }
  const { path, version: pythonVersion } = await findPython(env);
  const pinned = await readFile(requirements);
  const digest = createHash('sha256').update(`${path}\n${pythonVersion}\n`).update(pinned).digest('hex');
  const folder = join(cacheFolder(env), 'python', `schemathesis-${digest.slice(0, 16)}`);
  try {
    await fillOnce(folder, async (temporary) => {
      say(`bringing schemathesis: from PyPI into ${folder}, every package pinned by its SHA-256`);
      await install(path, temporary, env);
    });
  } catch (thrown) {
    if (thrown instanceof CountersignError) throw thrown;
    throw missing(
      `it could not be installed: ${messageOf(thrown)}`,
      'is PyPI in reach, and python3-venv there?',
    );
  }
  const own = await ask([join(folder, 'bin', 'python'), '-m', 'schemathesis.cli'], env);
  if (!own) throw missing(`the one in ${folder} does not run`, `remove ${folder}`);
  return own;
}

async function install(python: string, folder: string, env: Env): Promise<void> {
  const settings = { env, timeoutMs: installMs };
  await mustRun(python, ['-m', 'venv', folder], settings);
  const strict = ['--require-hashes', '--only-binary', ':all:', '--no-deps', '--disable-pip-version-check'];
  const args = ['-m', 'pip', 'install', '-q', ...strict, '-r', requirements];
  await mustRun(join(folder, 'bin', 'python'), args, settings);
}

async function findPython(env: Env): Promise<{ path: string; version: string }> {
  // Its own path, as a shim on PATH may mean another Python tomorrow.
  const script = 'import platform, sys; print(sys.executable, platform.python_version())';
  const { code, output } = await runProgram('python3', ['-c', script], { env });
  const [, path, version] = /^(\S.*) (\d+\.\d+\.\d+)/.exec(output) ?? [];
  if (code === 0 && path && version && isAtLeast(version, oldestPython)) return { path, version };
  throw missing(
    version ? `python3 is ${version}, older than ${oldestPython}` : 'there is no python3 that runs',
    `install Python ${oldestPython} or later with its venv module (\`apt-get install python3-venv\`)`,
  );
}

async function ask(command: readonly [string, ...string[]], env: Env): Promise<Schemathesis | undefined> {
  const [program, ...args] = command;
  const isThere = await access(program).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const { code, output } = await runProgram(program, [...args, '--version'], { env, timeoutMs: versionMs });
  const version = /, version (\d+\.\d+\.\d+)$/m.exec(output)?.[1];
  return code === 0 && version && isAtLeast(version, oldest) ? { command, version } : undefined;
}

function missing(what: string, hint: string): CountersignError {
  return new CountersignError('TOOL_MISSING', `schemathesis is needed: ${what}`, {
    hint: `${hint}; or set ${variable} to the path of a schemathesis >= ${oldest}`,
  });
}
