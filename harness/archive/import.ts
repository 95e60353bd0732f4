import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { CountersignError, messageOf } from '../errors.ts';
import type { Statement } from '../report/schema.ts';
import { readRunFile } from '../sign/folder.ts';
import { readStatement } from '../sign/statement.ts';
import { readEntries, refuse } from './entries.ts';
import { limits } from './limits.ts';

export interface Imported {
  folder: string;
  files: number;
  statement: Statement;
}

/** Unfinished imports: `gate prune` takes away what a crash left. */
export const IMPORT_PREFIX = '.import-';

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9-]{0,120}$/;

export interface ImportOptions {
  archive: string;
  /** Folder that must be there, on the file system of the target. */
  parent: string;
  /** Where the run goes, once its report is read; nothing may stand there yet. */
  folderOf(runId: string): string;
  /** Called when all is well, right before the folder appears. */
  accepted?(folder: string): Promise<void>;
}

/** Unpacks an archive of `gate export`: until every file is whole nothing stands at its place, then all of it does. */
export async function importRun(options: ImportOptions): Promise<Imported> {
  const temporary = join(options.parent, `${IMPORT_PREFIX}${randomBytes(6).toString('hex')}`);
  await mkdir(temporary);
  try {
    const files = await unpack(options.archive, temporary);
    const statement = readStatement(await readRunFile(temporary, 'report.json'));
    const { id } = statement.predicate.run;
    if (!RUN_ID.test(id)) throw refuse(`${JSON.stringify(id)} is not the id of a run`);
    const folder = options.folderOf(id);
    await refuseExisting(folder);
    await options.accepted?.(folder);
    await rename(temporary, folder);
    return { folder, files, statement };
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true });
    throw thrown;
  }
}

/** Renaming would replace an empty folder in silence. */
async function refuseExisting(folder: string): Promise<void> {
  if ((await lstat(folder).catch(() => undefined)) === undefined) return;
  throw new CountersignError('USAGE', `${folder} is there already`, { hint: 'name another with --to' });
}

async function unpack(archive: string, folder: string): Promise<number> {
  const { size } = await stat(archive);
  if (size > limits.totalBytes) throw refuse(`it has more than ${limits.totalBytes} bytes`);
  const zip = await asRefusal(() =>
    openPromise(archive, { autoClose: false, strictFileNames: true, validateEntrySizes: true }),
  );
  try {
    return await asRefusal(async () => {
      const entries = await readEntries(zip);
      for (const entry of entries) await unpackFile(zip, entry, folder);
      return entries.length;
    });
  } finally {
    zip.close();
  }
}

async function unpackFile(zip: ZipFile, entry: Entry, folder: string): Promise<void> {
  const path = join(folder, entry.fileName);
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'wx', 0o644);
  try {
    let crc = 0;
    let bytes = 0;
    // The reader ends a stream that gives more than was declared: a bomb is cut off at that size.
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      crc = crc32(chunk as Buffer, crc);
      bytes += (chunk as Buffer).length;
      await file.writeFile(chunk as Buffer);
    }
    if (bytes !== entry.uncompressedSize) throw refuse(`${entry.fileName} has another size than it says`);
    if (crc !== entry.crc32) throw refuse(`${entry.fileName} is damaged: its checksum is another`);
  } finally {
    await file.close();
  }
}

/** Whatever the reader of archives complains about is about the archive; what the system refuses is not. */
async function asRefusal<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const isSystem = typeof (thrown as NodeJS.ErrnoException).syscall === 'string';
    if (thrown instanceof CountersignError || isSystem) throw thrown;
    throw refuse(messageOf(thrown));
  }
}
