import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gateFiles } from '#harness/config/project.ts';
import type { Finding, Task, Told } from '#scripts/fuzz-lint-worker.ts';

const usage = `Usage: node scripts/fuzz-lint.ts [--count N] [--seed N] [--workers N]

Spoils the gates of this repo in every way it can think of and lints each of the results: whatever comes must be
findings with a place, within 2 seconds of its own time, without a stack trace, and no file that the published JSON Schema or the order
of its items refuses may pass. Exits with 1 on any finding, and prints the seed that repeats it.

  --count N      mutants (default 50000)
  --seed N       default 1: the same seed spoils alike
  --workers N    at once (default 2)
`;

const batch = 250;
/** Of the thread's own time. */
const slowMs = 2_000;
/** Of the clock on the wall: a suspect, which then is linted alone, with more patience for a busy machine. */
const suspectMs = 2_000;
const hangMs = 30_000;

if (import.meta.main) process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '50000' },
      seed: { type: 'string', default: '1' },
      workers: { type: 'string', default: '2' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const [count, seed, workers] = [values.count, values.seed, values.workers].map(Number);
  if (!count || !workers || seed === undefined || ![count, seed, workers].every(Number.isSafeInteger)) {
    process.stderr.write(`--count, --seed and --workers are whole numbers\n\n${usage}`);
    return 2;
  }
  const from = performance.now();
  const { findings, linted, accepted, slowestMs } = await fuzzLint({ count, seed, workers });
  for (const { how, seed, index, what } of findings)
    process.stdout.write(`seed ${seed}, mutant ${index} (${how}): ${what}\n`);
  const seconds = ((performance.now() - from) / 1_000).toFixed(0);
  process.stdout.write(
    `${linted} mutants linted in ${seconds} s, ${accepted} of them still gates, the slowest took ${slowestMs.toFixed(0)} ms, ${findings.length} findings\n`,
  );
  return findings.length === 0 && linted === count ? 0 : 1;
}

interface Outcome {
  findings: Finding[];
  linted: number;
  accepted: number;
  slowestMs: number;
}

/** Batches of one seed each, in threads of their own: one that answers no more is ended and told of. */
export async function fuzzLint(asked: { count: number; seed: number; workers: number }): Promise<Outcome> {
  const root = process.cwd();
  const originals = await Promise.all(
    (await gateFiles(root)).map(async (file) => ({
      name: basename(file),
      text: await readFile(file, 'utf8'),
    })),
  );
  const tasks: Task[] = [];
  for (let from = 0; from < asked.count; from += batch) {
    const count = Math.min(batch, asked.count - from);
    tasks.push({ root, originals, seed: asked.seed + from / batch, count, from: 0, until: count });
  }
  const outcome: Outcome = { findings: [], linted: 0, accepted: 0, slowestMs: 0 };
  const work = async (): Promise<void> => {
    for (let task = tasks.shift(); task; task = tasks.shift()) await runTask(task, outcome);
  };
  await Promise.all(Array.from({ length: asked.workers }, work));
  return outcome;
}

/** One that does not end is tried again alone; then it goes on behind it. */
async function runTask(task: Task, outcome: Outcome): Promise<void> {
  let rest: Task | undefined = task;
  while (rest && rest.from < rest.until) {
    const suspect: Suspect | undefined = await lintUntilSilence(rest, outcome, suspectMs);
    if (!suspect) return;
    const { index } = suspect;
    const hung = await lintUntilSilence({ ...rest, from: index, until: index + 1 }, outcome, hangMs);
    if (hung) {
      outcome.linted += 1;
      outcome.findings.push({ seed: task.seed, ...hung, what: `no end after ${hangMs} ms` });
    }
    rest = { ...rest, from: index + 1 };
  }
}

/** The mutant that was linted when nothing was heard any more. */
interface Suspect {
  index: number;
  how: string;
}

function lintUntilSilence(task: Task, outcome: Outcome, patienceMs: number): Promise<Suspect | undefined> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('fuzz-lint-worker.ts', import.meta.url), { workerData: task });
    let now: Suspect = { index: task.from, how: 'start' };
    let suspect: Suspect | undefined;
    const silent = () => {
      suspect = now;
      void worker.terminate();
    };
    // Loading the kinds takes its time on a busy machine; from the first mutant on each has its own.
    let watchdog = setTimeout(silent, 60_000);
    worker.on('message', (told: Told) => {
      clearTimeout(watchdog);
      if (suspect) return;
      now = { index: told.index + 1, how: told.next };
      if (told.linted) count(outcome, task.seed, told);
      if (now.index < task.until) watchdog = setTimeout(silent, patienceMs);
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      clearTimeout(watchdog);
      resolve(suspect);
    });
  });
}

function count(outcome: Outcome, seed: number, { index, how, accepted, ms, finding }: Told): void {
  outcome.linted += 1;
  outcome.accepted += accepted ? 1 : 0;
  outcome.slowestMs = Math.max(outcome.slowestMs, ms);
  if (finding) outcome.findings.push(finding);
  if (ms > slowMs) outcome.findings.push({ seed, index, how, what: `it took ${ms.toFixed(0)} ms` });
}
