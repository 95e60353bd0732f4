import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { CountersignError } from '../../errors.ts';

interface Entry {
  name: Buffer;
  content: Buffer;
}

const endMark = 0x06054b50;
const centralMark = 0x02014b50;
const localMark = 0x04034b50;
const endBytes = 22;
const longestComment = 0xffff;
/** Bytes of all that an archive holds, unpacked. */
const mostBytes = 256 * 1024 * 1024;

/** The same archive without secrets: packed, they would pass every search for them. Unchanged if it holds none. */
export function redactZip(archive: Buffer, redact: (bytes: Buffer) => Buffer): Buffer {
  const entries = readZip(archive);
  const redacted = entries.map(({ name, content }) => ({ name: redact(name), content: redact(content) }));
  const same = redacted.every(
    ({ name, content }, at) =>
      entries[at] !== undefined && name.equals(entries[at].name) && content.equals(entries[at].content),
  );
  return same ? archive : writeZip(redacted);
}

/** What an archive holds, in the order of its directory. Throws for whatever it can not look into. */
export function readZip(archive: Buffer): Entry[] {
  const end = archive.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  if (end < 0 || archive.length - end > endBytes + longestComment) throw unreadable('it has no directory');
  try {
    return entriesFrom(archive, archive.readUInt16LE(end + 10), archive.readUInt32LE(end + 16));
  } catch (thrown) {
    if (thrown instanceof CountersignError) throw thrown;
    throw unreadable('it is damaged');
  }
}

function entriesFrom(archive: Buffer, count: number, start: number): Entry[] {
  const entries: Entry[] = [];
  let at = start;
  let left = mostBytes;
  for (let index = 0; index < count; index += 1) {
    if (archive.readUInt32LE(at) !== centralMark) throw unreadable('its directory is damaged');
    const [flags, method] = [archive.readUInt16LE(at + 8), archive.readUInt16LE(at + 10)];
    const [packed, offset] = [archive.readUInt32LE(at + 20), archive.readUInt32LE(at + 42)];
    const nameBytes = archive.readUInt16LE(at + 28);
    const isEncrypted = (flags & 1) === 1;
    if (isEncrypted || (method !== 0 && method !== 8)) throw unreadable('it is encrypted, or packed oddly');
    const from = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28);
    const data = archive.subarray(from, from + packed);
    const content = method === 0 ? data : inflateRawSync(data, { maxOutputLength: Math.max(1, left) });
    if (crc32(content) !== archive.readUInt32LE(at + 16)) throw unreadable('a file in it is damaged');
    left -= content.length;
    entries.push({ name: archive.subarray(at + 46, at + 46 + nameBytes), content });
    at += 46 + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return entries;
}

export function writeZip(entries: readonly Entry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of entries) {
    const data = deflateRawSync(content);
    const common = commonHeader(name, content, data);
    const local = Buffer.concat([mark(localMark), common, name, data]);
    const central = Buffer.concat([mark(centralMark), uint16(20), common, Buffer.alloc(14), name]);
    central.writeUInt32LE(offset, 42);
    files.push(local);
    directory.push(central);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(endBytes);
  end.writeUInt32LE(endMark, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, index, end]);
}

/** Version, flags (names are UTF-8), method, a time that is always the same, sum, sizes, length of the name. */
function commonHeader(name: Buffer, content: Buffer, data: Buffer): Buffer {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(20, 0);
  header.writeUInt16LE(0x0800, 2);
  header.writeUInt16LE(8, 4);
  header.writeUInt16LE(0x21, 8);
  header.writeUInt32LE(crc32(content), 10);
  header.writeUInt32LE(data.length, 14);
  header.writeUInt32LE(content.length, 18);
  header.writeUInt16LE(name.length, 22);
  return header;
}

function mark(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function unreadable(why: string): CountersignError {
  return new CountersignError('SOURCE_ANSWER', `an archive can not be searched for secrets: ${why}`);
}
