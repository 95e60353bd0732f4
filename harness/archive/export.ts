import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Zip, ZipDeflate } from 'fflate';
import { CountersignError } from '../errors.ts';
import { lockRun } from '../gate/run-folder.ts';
import { readRunFile } from '../sign/folder.ts';
import { limits, whyNotPath } from './limits.ts';

export interface Exported {
  files: number;
  /** Of the archive. */
  bytes: number;
  sha256: string;
}

/** As DOS counts them, local hours and all: the first that an archive can name, the same in every zone. */
const FIRST_TIME = new Date(1980, 0, 1);

/**
 * Writes a run folder as a zip archive: files in the order of their paths, all of one time, so that the same run gives
 * the same bytes anywhere. A file that is there already stays; USAGE then.
 */
export async function exportRun(folder: string, out: string): Promise<Exported> {
  const release = await lockRun(folder);
  try {
    const paths = await pathsOf(folder);
    const temporary = `${out}.${randomBytes(6).toString('hex')}.tmp`;
    const file = await open(temporary, 'wx');
    try {
      const written = await writeArchive(file, folder, paths);
      await file.datasync();
      await link(temporary, out);
      return { files: paths.length, ...written };
    } finally {
      await file.close();
      await rm(temporary, { force: true });
    }
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    throw new CountersignError('USAGE', `${out} is there already`, { hint: 'name another with --out' });
  } finally {
    await release();
  }
}

async function pathsOf(folder: string, under = ''): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(folder, under), { withFileTypes: true })) {
    const path = under ? `${under}/${entry.name}` : entry.name;
    const problem = whyNotPath(path);
    if (problem) throw refuse(`${JSON.stringify(path)} ${problem}`);
    if (entry.isDirectory()) paths.push(...(await pathsOf(folder, path)));
    else if (entry.isFile()) paths.push(path);
    else throw refuse(`${path} is not a regular file`);
  }
  if (paths.length > limits.files) throw refuse(`the run has more than ${limits.files} files`);
  return paths.sort();
}

async function writeArchive(
  file: FileHandle,
  folder: string,
  paths: readonly string[],
): Promise<Pick<Exported, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  let total = 0;
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    chunks.push(chunk);
  });
  const flush = async () => {
    for (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      await file.writeFile(chunk);
    }
    chunks = [];
  };
  for (const path of paths) {
    const content = await readRunFile(folder, path);
    total += content.length;
    if (total > limits.totalBytes) throw refuse(`the run has more than ${limits.totalBytes} bytes`);
    const entry = new ZipDeflate(path, { level: 6 });
    entry.mtime = FIRST_TIME;
    zip.add(entry);
    entry.push(content, true);
    await flush();
  }
  zip.end();
  await flush();
  return { bytes, sha256: hash.digest('hex') };
}

function refuse(message: string): CountersignError {
  return new CountersignError('REPORT_INVALID', message);
}
