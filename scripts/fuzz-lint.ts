import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gateFiles } from '#harness/config/project.ts';
import type { Finding, Task, Told } from '#scripts/fuzz-lint-worker.ts';

const usage = `Usage: node scripts/fuzz-lint.ts [--count N] [--seed N] [--workers N]

Spoils the gates of this repo in every way it can think of and lints each of the results: whatever comes must be
findings with a place, within 2 seconds, without a stack trace, and no file that the published JSON Schema or the order
of its items refuses may pass. Exits with 1 on any finding, and prints the seed that repeats it.

  --count N      mutants (default 50000)
  --seed N       default 1: the same seed spoils alike
  --workers N    at once (default 2)
`;

const batch = 250;
const hangMs = 2_000;

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
  for (let from = 0; from < asked.count; from += batch)
    tasks.push({
      root,
      originals,
      seed: asked.seed + from / batch,
      count: Math.min(batch, asked.count - from),
    });
  const outcome: Outcome = { findings: [], linted: 0, accepted: 0, slowestMs: 0 };
  const work = async (): Promise<void> => {
    for (let task = tasks.shift(); task; task = tasks.shift()) await runTask(task, outcome);
  };
  await Promise.all(Array.from({ length: asked.workers }, work));
  return outcome;
}

function runTask(task: Task, outcome: Outcome): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('fuzz-lint-worker.ts', import.meta.url), { workerData: task });
    let last: Told | undefined;
    // Loading the kinds takes its time on a busy machine; from the first mutant on each has its own.
    let watchdog = setTimeout(hang, 60_000);
    function hang() {
      const index = (last?.index ?? -1) + 1;
      outcome.findings.push({
        seed: task.seed,
        index,
        how: last?.next ?? 'start',
        what: `no end after ${hangMs} ms`,
      });
      void worker.terminate();
    }
    worker.on('message', (told: Told) => {
      clearTimeout(watchdog);
      last = told;
      if (told.linted) {
        outcome.linted += 1;
        outcome.accepted += told.accepted ? 1 : 0;
        outcome.slowestMs = Math.max(outcome.slowestMs, told.ms);
        if (told.finding) outcome.findings.push(told.finding);
      }
      watchdog = setTimeout(hang, hangMs);
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      clearTimeout(watchdog);
      resolve();
    });
  });
}
