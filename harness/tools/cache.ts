import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CountersignError } from '../errors.ts';

export { cacheFolder } from './find-node.mjs';

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Fills `folder` by `make`, at once or not at all: work happens in a folder beside it, which is renamed at the
 * end. Of two processes that want the same folder one works and the other waits.
 */
export async function fillOnce(folder: string, make: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const lock = `${folder}.lock`;
  await take(lock);
  try {
    if (await exists(folder)) return;
    const temporary = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
    try {
      await make(temporary);
      await rename(temporary, folder);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  } finally {
    await rm(lock, { force: true });
  }
}

const longestWaitMs = 10 * 60_000;

async function take(lock: string): Promise<void> {
  const deadline = Date.now() + longestWaitMs;
  for (;;) {
    try {
      await writeFile(lock, `${process.pid}`, { flag: 'wx' });
      return;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    }
    if (await isAbandoned(lock)) await rm(lock, { force: true });
    else if (Date.now() > deadline) {
      throw new CountersignError('TOOL_MISSING', `another process has held ${lock} for ten minutes`, {
        hint: `if nothing else is running, remove ${lock}`,
      });
    } else await pause(100);
  }
}

/** A lock whose process is gone; an empty one was just made and gets the time to be written. */
async function isAbandoned(lock: string): Promise<boolean> {
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (!Number.isInteger(owner) || owner <= 0) return false;
  try {
    process.kill(owner, 0);
    return false;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
