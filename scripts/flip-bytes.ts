import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { makeFullRun } from '#harness/testing/full-run.ts';
import { contentsOf, exitOfFolder, type SpoilingOptions } from '#harness/testing/spoilings.ts';
import type { Flipped, FlipTask } from '#scripts/flip-bytes-worker.ts';

const usage = `Usage: node scripts/flip-bytes.ts [--all-bits] [--workers N]

Makes a small signed run folder (evidence, an attestation, a waiver, a comment after the freeze), flips a bit of every
byte of every file, cuts each file at every 64th byte, drops each, adds one beside each, swaps each two, and verifies
after each. Whatever verifies, or reads as something that is only incomplete, is a finding: exit code 1.

  --all-bits     every bit of every byte: eight times as many
  --workers N    threads (default 2)
`;

export interface Tally {
  flips: number;
  others: number;
  invalid: number;
  /** The verdict itself changed: NO_GO. */
  noGo: number;
}

export interface FlipOutcome {
  files: Map<string, Tally & { bytes: number }>;
  findings: string[];
}

if (import.meta.main) process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      'all-bits': { type: 'boolean', default: false },
      workers: { type: 'string', default: '2' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const workers = Number(values.workers);
  if (values.help || !Number.isSafeInteger(workers) || workers < 1) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const from = performance.now();
  const progress = process.stderr.isTTY ? (done: number) => process.stderr.write(`\r${done} `) : () => {};
  const { files, findings } = await flipAll({ allBits: values['all-bits'] }, workers, progress);
  process.stdout.write(showTable(files));
  for (const finding of findings) process.stdout.write(`${finding}\n`);
  const all = [...files.values()];
  const sum = (of: keyof Tally) => all.reduce((total, tally) => total + tally[of], 0);
  const seconds = ((performance.now() - from) / 1_000).toFixed(0);
  process.stdout.write(
    `${sum('flips')} flips and ${sum('others')} other changes in ${seconds} s: ${sum('invalid')} invalid, ${sum('noGo')} NO_GO, ${findings.length} findings\n`,
  );
  return findings.length === 0 ? 0 : 1;
}

/** Throws where the folder that nobody has touched does not verify: nothing would be shown then. */
export async function flipAll(
  options: SpoilingOptions,
  workers: number,
  progress: (done: number) => void = () => {},
): Promise<FlipOutcome> {
  await using run = await makeFullRun();
  const exit = await exitOfFolder(run.folder, run.signers);
  if (exit !== 0) throw new Error(`the untouched folder gives ${exit}`);
  const outcome: FlipOutcome = { files: new Map(), findings: [] };
  for (const [file, { length }] of await contentsOf(run.folder))
    outcome.files.set(file, { bytes: length, flips: 0, others: 0, invalid: 0, noGo: 0 });
  let done = 0;
  const task = { folder: run.folder, signers: run.signers, options, of: workers };
  const shares = Array.from({ length: workers }, (_, share) =>
    runShare({ ...task, share }, (batch) => {
      for (const flipped of batch) count(outcome, flipped);
      done += batch.length;
      progress(done);
    }),
  );
  await Promise.all(shares);
  return outcome;
}

function runShare(task: FlipTask, told: (batch: readonly Flipped[]) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('flip-bytes-worker.ts', import.meta.url), { workerData: task });
    worker.on('message', told);
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a thread ended with ${code}`))));
  });
}

function count({ files, findings }: FlipOutcome, { spoiling, exit }: Flipped): void {
  const tally = files.get(spoiling.file.replace(/\.more$/, ''));
  if (!tally) throw new Error(`${spoiling.file} is no file of the run`);
  if (spoiling.kind === 'flip') tally.flips += 1;
  else tally.others += 1;
  if (exit === 4) tally.invalid += 1;
  else if (exit === 1) tally.noGo += 1;
  else findings.push(`${JSON.stringify(spoiling)} gives ${exit}`);
}

function showTable(files: FlipOutcome['files']): string {
  const rows = [...files].map(([file, { bytes, flips, others, invalid, noGo }]) =>
    [file.slice(0, 40).padEnd(40), bytes, flips, others, invalid, noGo]
      .map((cell) => String(cell).padStart(8))
      .join(' '),
  );
  const head = ['file'.padEnd(40), 'bytes', 'flips', 'others', 'invalid', 'NO_GO'];
  return `${[head.map((cell) => cell.padStart(8)).join(' '), ...rows].join('\n')}\n`;
}
