import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { CountersignError, messageOf } from '#harness/errors.ts';
import { cacheFolder, fillOnce } from '#harness/tools/cache.ts';
import { isAtLeast } from '#harness/tools/pins.ts';
import { mustRun, runProgram } from '#harness/tools/run.ts';

const oldestPython = '3.11.0';
const installMs = 5 * 60_000;
/** A cold start reads some thirty packages from disk. */
const versionMs = 60_000;

/** A program from PyPI. */
export interface PythonTool {
  /** As on PATH. */
  name: string;
  /** What `python -m` takes. */
  module: string;
  /** Variable of the process with the path of one. */
  variable: string;
  oldest: string;
  /** File with it and everything that it needs, each pinned by its SHA-256. */
  requirements: string;
  /** How it tells its version. */
  tells: RegExp;
}

export interface Brought {
  command: readonly [string, ...string[]];
  version: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The one that the variable names, else the one on PATH, else our own in the cache, installed now. */
export async function bringPythonTool(
  tool: PythonTool,
  env: Env,
  say: (line: string) => void,
): Promise<Brought> {
  const { name, variable, oldest, requirements } = tool;
  const missing = (what: string, hint: string) => toolMissing(tool, what, hint);
  const named = env[variable];
  if (named) {
    const found = isAbsolute(named) ? await ask(tool, [named], env) : undefined;
    if (found) return found;
    throw missing(`${variable}=${named} is no ${name} >= ${oldest}`, `correct or unset ${variable}`);
  }
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(isAbsolute)) {
    const found = await ask(tool, [join(folder, name)], env);
    if (found) return found;
  }
  const { path, version: pythonVersion } = await findPython(tool, env);
  const pinned = await readFile(requirements);
  const digest = createHash('sha256').update(`${path}\n${pythonVersion}\n`).update(pinned).digest('hex');
  const folder = join(cacheFolder(env), 'python', `${name}-${digest.slice(0, 16)}`);
  try {
    await fillOnce(folder, async (temporary) => {
      say(`bringing ${name}: from PyPI into ${folder}, every package pinned by its SHA-256`);
      await install(path, temporary, requirements, env);
    });
  } catch (thrown) {
    if (thrown instanceof CountersignError) throw thrown;
    throw missing(
      `it could not be installed: ${messageOf(thrown)}`,
      'is PyPI in reach, and python3-venv there?',
    );
  }
  const own = await ask(tool, [join(folder, 'bin', 'python'), '-m', tool.module], env);
  if (!own) throw missing(`the one in ${folder} does not run`, `remove ${folder}`);
  return own;
}

async function install(python: string, folder: string, requirements: string, env: Env): Promise<void> {
  const settings = { env, timeoutMs: installMs };
  await mustRun(python, ['-m', 'venv', folder], settings);
  const strict = ['--require-hashes', '--only-binary', ':all:', '--no-deps', '--disable-pip-version-check'];
  const args = ['-m', 'pip', 'install', '-q', ...strict, '-r', requirements];
  await mustRun(join(folder, 'bin', 'python'), args, settings);
}

async function findPython(tool: PythonTool, env: Env): Promise<{ path: string; version: string }> {
  // Its own path, as a shim on PATH may mean another Python tomorrow.
  const script = 'import platform, sys; print(sys.executable, platform.python_version())';
  const { code, output } = await runProgram('python3', ['-c', script], { env });
  const [, path, version] = /^(\S.*) (\d+\.\d+\.\d+)/.exec(output) ?? [];
  if (code === 0 && path && version && isAtLeast(version, oldestPython)) return { path, version };
  throw toolMissing(
    tool,
    version ? `python3 is ${version}, older than ${oldestPython}` : 'there is no python3 that runs',
    `install Python ${oldestPython} or later with its venv module (\`apt-get install python3-venv\`)`,
  );
}

async function ask(
  { oldest, tells }: PythonTool,
  command: Brought['command'],
  env: Env,
): Promise<Brought | undefined> {
  const [program, ...args] = command;
  const isThere = await access(program).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const { code, output } = await runProgram(program, [...args, '--version'], { env, timeoutMs: versionMs });
  const version = tells.exec(output)?.[1];
  return code === 0 && version && isAtLeast(version, oldest) ? { command, version } : undefined;
}

function toolMissing({ name, variable, oldest }: PythonTool, what: string, hint: string): CountersignError {
  return new CountersignError('TOOL_MISSING', `${name} is needed: ${what}`, {
    hint: `${hint}; or set ${variable} to the path of a ${name} >= ${oldest}`,
  });
}
