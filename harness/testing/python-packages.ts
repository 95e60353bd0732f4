import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CountersignError, messageOf } from '../errors.ts';
import { cacheFolder, fillOnce } from '../tools/cache.ts';
import { isAtLeast } from '../tools/pins.ts';
import { mustRun, runProgram } from '../tools/run.ts';

const oldestPython = '3.11.0';
const installMs = 5 * 60_000;

type Env = Readonly<Record<string, string | undefined>>;

/** Packages from PyPI in a virtual environment of the cache. */
export interface PythonPackages {
  name: string;
  /** File with all of them, each pinned by its SHA-256. */
  requirements: string;
}

/** The Python that has them, installed now if need be. Throws TOOL_MISSING. */
export async function bringPythonPackages(
  { name, requirements }: PythonPackages,
  env: Env,
  say: (line: string) => void,
): Promise<string> {
  const { path, version } = await findPython(name, env);
  const pinned = await readFile(requirements);
  const digest = createHash('sha256').update(`${path}\n${version}\n`).update(pinned).digest('hex');
  const folder = join(cacheFolder(env), 'python', `${name}-${digest.slice(0, 16)}`);
  try {
    await fillOnce(folder, async (temporary) => {
      say(`bringing ${name}: from PyPI into ${folder}, every package pinned by its SHA-256`);
      await install(path, temporary, requirements, env);
    });
  } catch (thrown) {
    if (thrown instanceof CountersignError) throw thrown;
    const what = `it could not be installed: ${messageOf(thrown)}`;
    throw missing(name, what, 'is PyPI in reach, and python3-venv there?');
  }
  return join(folder, 'bin', 'python');
}

async function install(python: string, folder: string, requirements: string, env: Env): Promise<void> {
  const settings = { env, timeoutMs: installMs };
  await mustRun(python, ['-m', 'venv', folder], settings);
  const strict = ['--require-hashes', '--only-binary', ':all:', '--no-deps', '--disable-pip-version-check'];
  const args = ['-m', 'pip', 'install', '-q', ...strict, '-r', requirements];
  await mustRun(join(folder, 'bin', 'python'), args, settings);
}

async function findPython(name: string, env: Env): Promise<{ path: string; version: string }> {
  // Its own path, as a shim on PATH may mean another Python tomorrow.
  const script = 'import platform, sys; print(sys.executable, platform.python_version())';
  const { code, output } = await runProgram('python3', ['-c', script], { env });
  const [, path, version] = /^(\S.*) (\d+\.\d+\.\d+)/.exec(output) ?? [];
  if (code === 0 && path && version && isAtLeast(version, oldestPython)) return { path, version };
  throw missing(
    name,
    version ? `python3 is ${version}, older than ${oldestPython}` : 'there is no python3 that runs',
    `install Python ${oldestPython} or later with its venv module (\`apt-get install python3-venv\`)`,
  );
}

function missing(name: string, what: string, hint: string): CountersignError {
  return new CountersignError('TOOL_MISSING', `${name} is needed: ${what}`, { hint });
}
