import { createReadStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CountersignError } from '../../errors.ts';
import type { CheckContext } from '../define.ts';
import { isObject } from '../json.ts';
import { type Ended, runProgram } from '../program.ts';

export interface K6 {
  /** Path of the program. */
  file: string;
  /** Folder for what k6 reads and writes, and its home: no configuration of the machine takes part. */
  folder: string;
  env: Readonly<Record<string, string>>;
  context: CheckContext;
}

/** What k6 will do, before it does anything. */
export interface Plan {
  maxVus: number;
  /** Graceful stop included. */
  totalMs: number;
  /** The scenarios as JSON: two runs can only be compared under one load. */
  load: string;
}

export interface Log {
  /** The beginning, for people. */
  text: string;
  /** Iterations that ended with an exception: k6 goes on after them and exits with 0. */
  exceptions: number;
  /** The first request that left the borders. */
  refused: string | undefined;
}

/** Every threshold held, and one did not: all other codes mean that k6 did not measure to the end. */
const measured = [0, 99];
const mostOutput = 1024 * 1024;
const mostLogLines = 200;
const mostLineLength = 2_000;

export async function planOf(k6: K6, main: string): Promise<Plan> {
  const args = ['inspect', '--execution-requirements', '--include-system-env-vars', main];
  const ended = await run(k6, args);
  if (ended.exitCode !== 0) throw refusedScript(ended.stderr, k6);
  try {
    const plan: unknown = JSON.parse(ended.stdout);
    if (isObject(plan) && typeof plan['maxVUs'] === 'number') {
      const totalMs = goDuration(String(plan['totalDuration']));
      return { maxVus: plan['maxVUs'], totalMs, load: JSON.stringify(plan['scenarios']) };
    }
  } catch {
    // Said below.
  }
  throw new CountersignError('SOURCE_ANSWER', '`k6 inspect` does not say how large the load is');
}

/** `1h2m3.5s` or `30s`. */
function goDuration(text: string): number {
  const factors: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/([0-9.]+)(ms|s|m|h)/g)];
  if (parts.map(([part]) => part).join('') !== text || parts.length === 0) throw new Error(text);
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (factors[unit] ?? Number.NaN), 0);
}

/** Runs the load to its end. Resolves with the log; throws where k6 ended in any other way than with a measurement. */
export async function runLoad(k6: K6, main: string, seriesFile: string): Promise<Log> {
  const logFile = join(k6.folder, 'k6.log');
  await writeFile(logFile, '');
  // An empty address: no control server, whose port two runs would fight for.
  const fixed = ['run', '--quiet', '--no-color', '--address=', '--no-usage-report', '--log-format=json'];
  const ended = await run(k6, [...fixed, `--log-output=file=${logFile}`, `--out=csv=${seriesFile}`, main]);
  const log = await readLog(logFile);
  await k6.context.artifact('k6.log', `${log.text}${ended.stdout}${ended.stderr}`);
  if (!measured.includes(ended.exitCode ?? -1)) {
    throw new CountersignError(
      'SCRIPT_FAILED',
      `k6 did not measure to the end: ${howItEnded(ended)}; ${lastMessage(`${log.text}${ended.stderr}`)}`,
    );
  }
  if (log.refused !== undefined) {
    throw new CountersignError('CONFIG_INVALID', `the script left this machine: ${log.refused}`, {
      hint: 'a load on another machine needs `allow_remote: true`, and an environment that is not a local stack',
    });
  }
  return log;
}

async function run({ file, folder, env, context }: K6, args: readonly string[]): Promise<Ended> {
  const home = join(folder, 'home');
  await mkdir(home, { recursive: true });
  const ended = await runProgram({
    file,
    args,
    env: { ...env, HOME: home, K6_CSV_TIME_FORMAT: 'unix_milli' },
    cwd: context.root,
    maxOutput: mostOutput,
    signal: context.signal,
    clock: context.clock,
  });
  context.signal.throwIfAborted();
  if (ended.failure) throw new CountersignError('SCRIPT_FAILED', `k6 could not be started: ${ended.failure}`);
  if (ended.tooLarge) throw new CountersignError('EVIDENCE_TOO_LARGE', 'k6 printed more than it may');
  return ended;
}

function refusedScript(stderr: string, { context }: K6): CountersignError {
  return new CountersignError(
    'CONFIG_INVALID',
    `k6 refuses the script: ${context.redact(lastMessage(stderr))}`,
    {
      hint: 'an option, an import or a threshold of it is wrong',
    },
  );
}

function howItEnded({ exitCode, signal }: Ended): string {
  return exitCode === null ? `${signal} ended it` : `it exited with ${exitCode}`;
}

/** The text of the last line that says anything, JSON or `msg="…"`. */
function lastMessage(log: string): string {
  const line = log.trim().split('\n').at(-1) ?? '';
  const [, text] = /"?msg"?[=:]("(?:[^"\\]|\\.)*")/.exec(line) ?? [];
  const message = text === undefined ? line : String(JSON.parse(text));
  return message.trim().slice(0, 500) || 'it said nothing';
}

async function readLog(file: string): Promise<Log> {
  const log: Log = { text: '', exceptions: 0, refused: undefined };
  let lines = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    lines += 1;
    if (lines <= mostLogLines) log.text += `${line.slice(0, mostLineLength)}\n`;
    if (line.includes('"source":"stacktrace"')) log.exceptions += 1;
    log.refused ??= /IP \([^)]*\) is in a blacklisted range/.exec(line)?.[0];
  }
  if (lines > mostLogLines) log.text += `… ${lines - mostLogLines} more lines\n`;
  return log;
}

export async function readSummaryFile(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => {
    throw new CountersignError('NO_DATA', 'k6 left no summary');
  });
}
