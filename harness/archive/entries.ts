import type { Entry, LocalFileHeader, ZipFile } from 'yauzl';
import { CountersignError } from '../errors.ts';
import { limits, whyNotPath } from './limits.ts';

const STORED = 0;
const DEFLATED = 8;
/** Bits of the general purpose flag that we understand: deflate's level, sizes after the data, names in UTF-8. */
const KNOWN_FLAGS = 0b1000_0000_1110;
const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;

/** The files of an archive, once every name, kind and declared size is one that we write ourselves. */
export async function readEntries(zip: ZipFile): Promise<Entry[]> {
  if (zip.comment !== '') throw refuse('it has a comment');
  if (zip.entryCount > limits.files) throw refuse(`it has more than ${limits.files} files`);
  const files: Entry[] = [];
  const names = new NameSet();
  let total = 0;
  for await (const entry of zip.eachEntry()) {
    const isFolder = entry.fileName.endsWith('/');
    const path = isFolder ? entry.fileName.slice(0, -1) : entry.fileName;
    const problem = whyNotPath(path) ?? whyNotEntry(entry, isFolder);
    if (problem) throw refuse(`${JSON.stringify(entry.fileName)} ${problem}`);
    names.add(path, isFolder);
    total += entry.uncompressedSize;
    if (total > limits.totalBytes) throw refuse(`it unpacks to more than ${limits.totalBytes} bytes`);
    const local = await zip.readLocalFileHeaderPromise(entry);
    if (!isSame(entry, local)) throw refuse(`${path} is described in two ways`);
    if (!isFolder) files.push(entry);
  }
  return files;
}

function whyNotEntry(entry: Entry, isFolder: boolean): string | undefined {
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED)
    return `is packed by a method (${entry.compressionMethod}) other than deflate`;
  if (entry.isEncrypted()) return 'is encrypted';
  if ((entry.generalPurposeBitFlag & ~KNOWN_FLAGS) !== 0) return 'has flags that are not understood';
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
  if (type !== 0 && type !== (isFolder ? FOLDER : REGULAR))
    return 'is neither a regular file nor a folder: links are refused';
  if (isFolder && entry.uncompressedSize > 0) return 'is a folder with content';
  return entry.uncompressedSize > limits.fileBytes
    ? `unpacks to more than ${limits.fileBytes} bytes`
    : undefined;
}

/** Programs that read from the front see the local header, others the directory at the end: both must say the same. */
function isSame(entry: Entry, local: LocalFileHeader): boolean {
  const sizesFollow = (local.generalPurposeBitFlag & 0b1000) !== 0;
  return (
    local.fileName.equals(entry.fileNameRaw) &&
    local.compressionMethod === entry.compressionMethod &&
    local.generalPurposeBitFlag === entry.generalPurposeBitFlag &&
    (sizesFollow ||
      (local.crc32 === entry.crc32 &&
        local.compressedSize === entry.compressedSize &&
        local.uncompressedSize === entry.uncompressedSize))
  );
}

/** Names as the least able file system tells them apart, each either a file or a folder. */
class NameSet {
  readonly #seen = new Map<string, { spelling: string; isFolder: boolean; listed: boolean }>();

  add(path: string, isFolder: boolean): void {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1)
      this.#put(parts.slice(0, depth).join('/'), true, false);
    this.#put(path, isFolder, true);
  }

  #put(spelling: string, isFolder: boolean, listed: boolean): void {
    const known = this.#seen.get(spelling.toLowerCase());
    if (known && known.spelling !== spelling)
      throw refuse(`${known.spelling} and ${spelling} differ in case only`);
    if (known && known.isFolder !== isFolder) throw refuse(`${spelling} is both a file and a folder`);
    if (known?.listed && listed) throw refuse(`${spelling} stands in it twice`);
    this.#seen.set(spelling.toLowerCase(), {
      spelling,
      isFolder,
      listed: listed || (known?.listed ?? false),
    });
  }
}

export function refuse(message: string): CountersignError {
  return new CountersignError('ARCHIVE_INVALID', `the archive can not be taken: ${message}`);
}
