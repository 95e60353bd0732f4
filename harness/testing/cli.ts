import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin.mjs', import.meta.url));

export interface CliResult {
  exit: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCli {
  child: ChildProcess;
  result: Promise<CliResult>;
}

/** Starts the real bin in a folder, as a user would, with no terminal and none of the caller's CI variables. */
export function startCli(
  cwd: string,
  args: readonly string[],
  env: Record<string, string> = {},
  heard: (stderr: string) => void = () => {},
): RunningCli {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result = new Promise<CliResult>((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      heard(stderr);
    });
    child.on('error', reject);
    child.on('close', (exit) => resolve({ exit, stdout, stderr }));
  });
  return { child, result };
}

/** Runs the real bin to its end; with `killAt` it is killed, as by kill -9, as soon as stderr holds that text. */
export function runCli(
  cwd: string,
  args: readonly string[],
  env: Record<string, string> = {},
  killAt?: string,
): Promise<CliResult> {
  const { child, result } = startCli(cwd, args, env, (stderr) => {
    if (killAt !== undefined && stderr.includes(killAt)) child.kill('SIGKILL');
  });
  return result;
}

/** A project of its own in a temporary folder: files by path, or a folder to copy. */
export async function testProject(files: Record<string, string> | string): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'countersign-project-'));
  if (typeof files === 'string') {
    await cp(files, root, { recursive: true });
    return root;
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

/** Source of a `countersign.config.ts` with a kind `fixed`, whose facts are its options. */
export function fixedKindConfig(): string {
  const api = fileURLToPath(new URL('../index.ts', import.meta.url));
  return `import { defineCheck, Options } from ${JSON.stringify(api)};
import Type from ${JSON.stringify(import.meta.resolve('typebox'))};
export default {
  checks: [
    defineCheck({
      kind: 'fixed',
      summary: 'Give the facts that the options hold',
      options: Options({ count: Type.Integer(), wait_ms: Type.Optional(Type.Integer()), throws: Type.Optional(Type.String()), print: Type.Optional(Type.String()) }),
      facts: Type.Object({ count: Type.Integer() }),
      expect: ['count > 0'],
      effects: 'reads',
      async measure(options, context) {
        if (options.wait_ms) await new Promise((done) => { const timer = setTimeout(done, options.wait_ms); context.signal.addEventListener('abort', () => { clearTimeout(timer); done(undefined); }); });
        context.signal.throwIfAborted();
        if (options.throws) throw new Error(options.throws);
        if (options.print) await context.artifact('printed', options.print);
        return { facts: { count: options.count } };
      },
    }),
  ],
};
`;
}
