import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { CountersignError } from '#harness/errors.ts';
import { bringPythonPackages } from '#harness/testing/python-packages.ts';
import { isAtLeast } from '#harness/tools/pins.ts';
import { runProgram } from '#harness/tools/run.ts';

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
  const python = await bringPythonPackages({ name, requirements }, env, say).catch((thrown) => {
    if (!(thrown instanceof CountersignError) || thrown.code !== 'TOOL_MISSING') throw thrown;
    throw orNamed(tool, thrown.message, thrown.hint);
  });
  const own = await ask(tool, [python, '-m', tool.module], env);
  if (!own) throw missing(`the one of ${python} does not run`, `remove its folder`);
  return own;
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

function toolMissing(tool: PythonTool, what: string, hint: string): CountersignError {
  return orNamed(tool, `${tool.name} is needed: ${what}`, hint);
}

function orNamed({ name, variable, oldest }: PythonTool, message: string, hint: string): CountersignError {
  return new CountersignError('TOOL_MISSING', message, {
    hint: `${hint}; or set ${variable} to the path of a ${name} >= ${oldest}`,
  });
}
