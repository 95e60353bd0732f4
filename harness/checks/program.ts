import { type ChildProcess, spawn } from 'node:child_process';
import process, { env as inherited, kill } from 'node:process';
import type { Readable } from 'node:stream';
import { messageOf } from '../errors.ts';
import type { Clock } from './define.ts';

export interface Program {
  file: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Names of further variables that it gets from this process as they are. */
  passOn?: readonly string[];
  cwd: string;
  /** Bytes of stdout, and of stderr. */
  maxOutput: number;
  signal: AbortSignal;
  clock: Clock;
}

export interface Ended {
  exitCode: number | null;
  signal: string | null;
  durationMs: number;
  stdout: string;
  stderr: string;
  tooLarge: boolean;
  /** Why it never started. */
  failure: string | undefined;
}

/** A program needs these to work at all; everything else, secrets above all, is given by name. */
const passedOn = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS'];

/** Time between asking a process group to end and ending it. */
const graceMs = 300;
/** Time without output after the program's end, until its streams are closed; and the most that they stay open. */
const quietMs = 400;
const lingerMs = 3_000;

/** A second Ctrl-C ends this process at once; what it started must not stay. */
const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) killGroup(child, 'SIGKILL');
});

/** Runs a program to its end. It leads a process group of its own, so that nothing it started outlives it. */
export async function runProgram(program: Program): Promise<Ended> {
  const started = program.clock.monotonic();
  const child = spawn(program.file, program.args, {
    cwd: program.cwd,
    env: { ...pick([...passedOn, ...(program.passOn ?? [])]), ...program.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  alive.add(child);
  const stop = () => endGroup(child);
  program.signal.addEventListener('abort', stop, { once: true });
  let tooLarge = false;
  const collect = (stream: Readable) =>
    collectBounded(stream, program.maxOutput, () => {
      tooLarge = true;
      stop();
    });
  const [stdout, stderr, end] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    ended(child),
  ]);
  alive.delete(child);
  program.signal.removeEventListener('abort', stop);
  return { ...end, stdout, stderr, tooLarge, durationMs: program.clock.monotonic() - started };
}

function pick(names: readonly string[]): Record<string, string> {
  const found = names.map((name) => [name, inherited[name]] as const);
  return Object.fromEntries(found.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

type End = Pick<Ended, 'exitCode' | 'signal' | 'failure'>;

function ended(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ exitCode: null, signal: null, failure: messageOf(error) }));
    child.once('exit', (exitCode, signal) => {
      killGroup(child, 'SIGKILL');
      closeWhenQuiet(child.stdout);
      closeWhenQuiet(child.stderr);
      resolve({ exitCode, signal, failure: undefined });
    });
  });
}

function endGroup(child: ChildProcess): void {
  killGroup(child, 'SIGTERM');
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), graceMs);
  child.once('exit', () => clearTimeout(timer));
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    kill(-child.pid, signal);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}

/** Decoded only when whole: a character may be cut by a chunk's end. Beyond the limit it goes on reading, to let the child end. */
function collectBounded(stream: Readable, limit: number, tooMuch: () => void): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < limit) chunks.push(chunk.subarray(0, limit - bytes));
    if (bytes <= limit && bytes + chunk.byteLength > limit) tooMuch();
    bytes += chunk.byteLength;
  });
  return new Promise((resolve) => {
    stream.once('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

/** What left the process group may hold a stream open, and write, for ever; the program itself has nothing more to say. */
function closeWhenQuiet(stream: Readable | null): void {
  // One that is closed says so no more, and its timers would keep this process waiting.
  if (!stream || stream.closed) return;
  const timer = setTimeout(() => stream.destroy(), quietMs);
  const last = setTimeout(() => stream.destroy(), lingerMs);
  stream.on('data', () => timer.refresh());
  stream.once('close', () => {
    clearTimeout(timer);
    clearTimeout(last);
  });
}
