import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { IMPORT_PREFIX } from '../archive/import.ts';
import { lockRun } from '../gate/run-folder.ts';

const TRASH_PREFIX = '.trash-';
/** Written whole under such a name, then renamed: what bears it still was never finished. */
const unfinished = /\.[0-9a-f]{12}\.tmp$/;
/** Nobody takes that long to write one file or to unpack an archive. */
const STALE_AFTER_MS = 60 * 60_000;

/** Takes a run away. First it bears no run's name any more: a crash leaves no half of it that looks whole. */
export async function discardRun(folder: string): Promise<void> {
  const release = await lockRun(folder);
  const trash = join(dirname(folder), `${TRASH_PREFIX}${randomBytes(6).toString('hex')}-${basename(folder)}`);
  try {
    await rename(folder, trash);
  } finally {
    await release();
  }
  await rm(trash, { recursive: true, force: true });
}

export interface Leftover {
  path: string;
  reason: string;
}

/** What crashes left behind: runs on their way out, imports on their way in, files that were never finished. */
export async function findLeftovers(runs: string, now: number): Promise<Leftover[]> {
  const found: Leftover[] = [];
  const entries = await readdir(runs, { withFileTypes: true, recursive: true }).catch(() => []);
  for (const { name, parentPath } of entries) {
    const path = join(parentPath, name);
    const isTop = parentPath === runs;
    if (isTop && name.startsWith(TRASH_PREFIX)) found.push({ path, reason: 'deleted before, not wholly' });
    if (parentPath.startsWith(join(runs, TRASH_PREFIX))) continue;
    const isImport = isTop && name.startsWith(IMPORT_PREFIX);
    if (!isImport && !unfinished.test(name)) continue;
    const age = now - ((await stat(path).catch(() => undefined))?.mtimeMs ?? now);
    if (age < STALE_AFTER_MS) continue;
    found.push({ path, reason: isImport ? 'an import that did not end' : 'a file that was never finished' });
  }
  return found;
}

export async function discardLeftover({ path }: Leftover): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
