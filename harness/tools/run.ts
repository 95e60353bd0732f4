import { execFile } from 'node:child_process';
import { lastLines } from './last-lines.ts';

export interface ProgramResult {
  code: number;
  /** Standard output and error, in the order they came in. */
  output: string;
}

export interface ProgramOptions {
  cwd?: string;
  env?: Readonly<Record<string, string | undefined>>;
  timeoutMs?: number;
}

/** Runs a program to its end. A program that can't be started has code 127. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  return new Promise((done) => {
    const { timeoutMs = 10_000, ...rest } = options;
    const settings = { ...rest, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 };
    const child = execFile(program, [...args], settings, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 127) : 0;
      done({ code, output: `${stdout}${stderr}${code === 127 && error ? error.message : ''}` });
    });
    child.stdin?.end();
  });
}

/** Like `runProgram`, but a failure throws with the end of what the program said. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { code, output } = await runProgram(program, args, options);
  if (code === 0) return output;
  throw new Error(`${program} ${args[0] ?? ''} ended with ${code}: ${lastLines(output, 3)}`);
}
