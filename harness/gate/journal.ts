import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../checks/define.ts';
import { CountersignError, type ErrorDetails, messageOf } from '../errors.ts';

export interface JournalEntry {
  /** 1 for the first line. */
  seq: number;
  /** RFC 3339 UTC, by the clock of the machine: a claim. */
  at: string;
  /** `hash` of the line before; 64 zeros for the first. */
  prev: string;
  type: string;
  data: unknown;
  /** SHA-256, hex, of the JSON text of the fields above, in this order. */
  hash: string;
}

interface Waiting {
  type: string;
  data: unknown;
  resolve(entry: JournalEntry): void;
  reject(reason: unknown): void;
}

/** A last line that was cut short as it was written, and its bytes, which are gone from the file. */
export interface Repair {
  line: number;
  bytes: number;
}

export const FIRST_PREV = '0'.repeat(64);

/** Append-only JSONL, one fsync a line: what `append` has returned for survives kill -9 and power loss. */
export class Journal {
  readonly #file: FileHandle;
  readonly #clock: Clock;
  #head: { seq: number; hash: string };
  #waiting: Waiting[] = [];
  #draining: Promise<void> | undefined;
  #failure: CountersignError | undefined;

  private constructor(file: FileHandle, clock: Clock, entries: readonly JournalEntry[]) {
    this.#file = file;
    this.#clock = clock;
    const last = entries.at(-1);
    this.#head = last ? { seq: last.seq, hash: last.hash } : { seq: 0, hash: FIRST_PREV };
  }

  static async create(path: string, clock: Clock): Promise<Journal> {
    return new Journal(await open(path, 'ax', 0o644), clock, []);
  }

  /** Checks the whole chain before the first append. */
  static async open(path: string, clock: Clock): Promise<{ journal: Journal; entries: JournalEntry[] }> {
    const file = await open(path, 'a+');
    try {
      const entries = readJournal(await file.readFile());
      return { journal: new Journal(file, clock, entries), entries };
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
  }

  /** From now on every append fails with this: the run can't go on, and nothing must tell that it did. */
  fail(thrown: unknown): CountersignError {
    this.#failure ??= unwritable(thrown);
    return this.#failure;
  }

  get head(): { seq: number; hash: string } {
    return this.#head;
  }

  /** Appends in call order, however many callers there are; those that wait together share one sync. */
  append(type: string, data: unknown): Promise<JournalEntry> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ type, data, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        // Half a line may stand at the end by now: whatever came after it could never be read.
        if (this.#failure) throw this.#failure;
        const entries = await this.#write(batch);
        for (const [index, entry] of entries.entries()) batch[index]?.resolve(entry);
      } catch (thrown) {
        const failure = this.fail(thrown);
        for (const { reject } of batch) reject(failure);
      }
    }
    // Here and not in a `finally`: whoever was just answered may append before that would run.
    this.#draining = undefined;
  }

  async #write(batch: readonly Waiting[]): Promise<JournalEntry[]> {
    let head = this.#head;
    const entries = batch.map(({ type, data }) => {
      const entry = link(head, this.#clock.now().toISOString(), type, data);
      head = { seq: entry.seq, hash: entry.hash };
      return entry;
    });
    await this.#file.appendFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    await this.#file.datasync();
    this.#head = head;
    return entries;
  }

  async close(): Promise<void> {
    await this.#draining;
    await this.#file.close();
  }
}

/**
 * Every whole line of a journal that may have been torn by a crash or a full disk. Only for whoever drives the run,
 * before its report is frozen; an end that is not the beginning of a line is refused.
 */
export function readTornJournal(bytes: Uint8Array): { entries: JournalEntry[]; torn?: Repair } {
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  const entries = readJournal(bytes.subarray(0, end));
  if (end === bytes.length) return { entries };
  const line = entries.length + 1;
  if (!isBeginning(Buffer.from(bytes.subarray(end)).toString('utf8'), line)) {
    throw broken(line, 'its end is no line, nor the beginning of one');
  }
  return { entries, torn: { line, bytes: bytes.length - end } };
}

/** Cuts off a torn last line. */
export async function repairJournal(path: string): Promise<Repair | undefined> {
  const file = await open(path, 'r+');
  try {
    const bytes = await file.readFile();
    const { torn } = readTornJournal(bytes);
    if (!torn) return undefined;
    await file.truncate(bytes.length - torn.bytes);
    await file.sync();
    return torn;
  } finally {
    await file.close();
  }
}

const NEWLINE = 0x0a;

/** A whole line with another end than a line feed was not torn but changed. */
function isBeginning(text: string, line: number): boolean {
  const start = `{"seq":${line},"at":"`;
  return text.startsWith(start.slice(0, text.length)) && !isJson(text.slice(0, -1));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function unwritable(thrown: unknown): CountersignError {
  if (thrown instanceof CountersignError) return thrown;
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  const why = { ENOSPC: 'disk full', EDQUOT: 'the quota of the disk is used up', EIO: 'the disk failed' }[
    code
  ];
  return new CountersignError(
    'SYSTEM',
    `${why ?? messageOf(thrown)}: the run ends here, and what it measured so far is kept`,
    { hint: 'put that right, then go on with `countersign gate resume`', cause: thrown },
  );
}

function link(head: { seq: number; hash: string }, at: string, type: string, data: unknown): JournalEntry {
  const body = { seq: head.seq + 1, at, prev: head.hash, type, data: data ?? null };
  return { ...body, hash: createHash('sha256').update(JSON.stringify(body)).digest('hex') };
}

/**
 * Every line, or JOURNAL_BROKEN with the number of the first one that is not what was written: changed, dropped,
 * reordered, torn, or written in another spelling.
 */
export function readJournal(bytes: Uint8Array): JournalEntry[] {
  const lines = linesOf(bytes);
  const entries: JournalEntry[] = [];
  let head = { seq: 0, hash: FIRST_PREV };
  for (const line of lines) {
    const number = head.seq + 1;
    const entry = parseLine(line, number);
    const expected = link(head, entry.at, entry.type, entry.data);
    if (entry.prev !== head.hash) throw broken(number, 'it does not follow the line before it');
    if (JSON.stringify(expected) !== line) throw broken(number, 'its hash does not match its content');
    entries.push(entry);
    head = { seq: entry.seq, hash: entry.hash };
  }
  return entries;
}

function linesOf(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  const lines = text.split('\n');
  if (lines.pop() !== '') {
    throw broken(lines.length + 1, 'the last line is torn', {
      hint: 'where the run was killed before it had a report, `countersign gate resume` repairs that; else do not trust it',
    });
  }
  // Any bytes that are no text read as the same character, so they could be exchanged.
  if (!isUtf8(buffer)) {
    const odd = Buffer.from(text).findIndex((byte, index) => byte !== buffer[index]);
    throw broken(
      buffer.subarray(0, odd).toString('latin1').split('\n').length,
      'it holds bytes that are no text',
    );
  }
  return lines;
}

function parseLine(line: string, number: number): JournalEntry {
  try {
    const entry = JSON.parse(line) as JournalEntry;
    if (typeof entry === 'object' && entry !== null && typeof entry.type === 'string') return entry;
  } catch {}
  throw broken(number, 'it is not a journal entry');
}

function broken(line: number, why: string, details: ErrorDetails = {}): CountersignError {
  return new CountersignError('JOURNAL_BROKEN', `line ${line} of the journal: ${why}`, details);
}
