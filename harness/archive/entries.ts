import type { Entry, LocalFileHeader, ZipFile } from 'yauzl';
import { CountersignError } from '../errors.ts';
import { limits, whyNotPath } from './limits.ts';

const STORED = 0;
const DEFLATED = 8;
/** Bits of the general purpose flag that we understand: deflate's level, sizes after the data, names in UTF-8. */
const KNOWN_FLAGS = 0b1000_0000_1110;
const SIZES_FOLLOW = 0b1000;
const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;

/** Of the record at the very end, which has no comment. */
const END_BYTES = 22;
/** After the data of an entry whose sizes follow it, with and without a signature. */
const TRAILERS = [16, 12];

/** The files of an archive, once every name, kind, place and declared size is one that we write ourselves. */
export async function readEntries(zip: ZipFile): Promise<Entry[]> {
  if (zip.comment !== '') throw refuse('it has a comment');
  if (zip.entryCount > limits.files) throw refuse(`it has more than ${limits.files} files`);
  const directory = cursorOf(zip);
  const found: Found[] = [];
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
    found.push({ entry, isFolder, dataAt: local.fileDataStart });
  }
  if (cursorOf(zip) !== zip.fileSize - END_BYTES) throw refuse('its end does not count all of its files');
  refuseGaps(found, directory);
  return found.filter(({ isFolder }) => !isFolder).map(({ entry }) => entry);
}

interface Found {
  entry: Entry;
  isFolder: boolean;
  /** Where its data begins. */
  dataAt: number;
}

/** The declared type of the field is wrong: it is a number. */
function cursorOf(zip: ZipFile): number {
  return Number(zip.readEntryCursor);
}

/** From the first byte to the directory one entry after the other: nothing hides between, and nothing is used twice. */
function refuseGaps(found: readonly Found[], directory: number): void {
  const inOrder = found.toSorted(
    (a, b) => a.entry.relativeOffsetOfLocalHeader - b.entry.relativeOffsetOfLocalHeader,
  );
  let ends = [0];
  for (const { entry, dataAt } of inOrder) {
    if (!ends.includes(entry.relativeOffsetOfLocalHeader)) throw refuse('its files overlap or leave gaps');
    const end = dataAt + entry.compressedSize;
    ends = (entry.generalPurposeBitFlag & SIZES_FOLLOW) === 0 ? [end] : TRAILERS.map((size) => end + size);
  }
  if (!ends.includes(directory)) throw refuse('its files overlap or leave gaps');
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
  const sizesFollow = (local.generalPurposeBitFlag & SIZES_FOLLOW) !== 0;
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
