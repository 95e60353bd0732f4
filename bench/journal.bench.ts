import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from '#harness/gate/journal.ts';

/** One append after the other, each synced, against bare writes of lines of the same length, each synced. */
const lines = 400;
const rounds = 5;
const data = { id: 'item', attempt: 1, facts: { rows: '40', text: 'x'.repeat(200) } };

async function journalled(folder: string): Promise<number> {
  const clock = { now: () => new Date(), monotonic: () => performance.now() };
  const journal = await Journal.create(join(folder, `journal-${performance.now()}`), clock);
  const from = performance.now();
  for (let line = 0; line < lines; line += 1) await journal.append('attempt-finished', data);
  const took = performance.now() - from;
  await journal.close();
  return took;
}

async function bare(folder: string): Promise<number> {
  const file = await open(join(folder, `bare-${performance.now()}`), 'ax');
  const line = `${JSON.stringify({ ...data, hash: 'f'.repeat(64), prev: 'f'.repeat(64), at: new Date() })}\n`;
  const from = performance.now();
  for (let count = 0; count < lines; count += 1) {
    await file.appendFile(line);
    await file.datasync();
  }
  const took = performance.now() - from;
  await file.close();
  return took;
}

export async function bench(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  try {
    const ours: number[] = [];
    const theirs: number[] = [];
    // In turn, so that a disk that is busy for a while is busy for both.
    for (let round = 0; round < rounds; round += 1) {
      theirs.push(await bare(folder));
      ours.push(await journalled(folder));
    }
    const middle = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
    const [append, sync] = [middle(ours) / lines, middle(theirs) / lines];
    return [
      `journal append, chained and synced: ${append.toFixed(3)} ms, write and sync alone: ${sync.toFixed(3)} ms, medians of ${rounds} rounds of ${lines}`,
      `  ratio ${(append / sync).toFixed(2)}`,
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
