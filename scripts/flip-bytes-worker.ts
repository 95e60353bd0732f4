import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { SignersFile } from '#harness/sign/verify.ts';
import {
  contentsOf,
  exitOfSpoilt,
  type Spoiling,
  type SpoilingOptions,
  spoilings,
} from '#harness/testing/spoilings.ts';

export interface FlipTask {
  folder: string;
  signers: SignersFile;
  options: SpoilingOptions;
  /** This thread takes every `of`-th, from `share` on. */
  share: number;
  of: number;
}

export interface Flipped {
  spoiling: Spoiling;
  exit: number;
}

if (parentPort) await flipShare(workerData as FlipTask, (told) => parentPort?.postMessage(told));

/** In a copy of its own, so that threads do not meet. */
async function flipShare(task: FlipTask, tell: (told: Flipped[]) => void): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'countersign-flips-'));
  const folder = join(parent, basename(task.folder));
  try {
    await cp(task.folder, folder, { recursive: true });
    const contents = await contentsOf(folder);
    let batch: Flipped[] = [];
    let index = 0;
    for (const spoiling of spoilings(contents, task.options)) {
      if (index++ % task.of !== task.share) continue;
      batch.push({ spoiling, exit: await exitOfSpoilt(folder, contents, spoiling, task.signers) });
      if (batch.length < 500) continue;
      tell(batch);
      batch = [];
    }
    tell(batch);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}
