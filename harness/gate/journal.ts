import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../checks/define.ts';
import { CountersignError } from '../errors.ts';

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

export const FIRST_PREV = '0'.repeat(64);

/** Append-only JSONL, one fsync a line: what `append` has returned for survives kill -9 and power loss. */
export class Journal {
  readonly #file: FileHandle;
  readonly #clock: Clock;
  #head: { seq: number; hash: string };
  #waiting: Waiting[] = [];
  #draining: Promise<void> | undefined;

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

  get head(): { seq: number; hash: string } {
    return this.#head;
  }

  /** Appends in call order, however many callers there are; those that wait together share one sync. */
  append(type: string, data: unknown): Promise<JournalEntry> {
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
        const entries = await this.#write(batch);
        for (const [index, entry] of entries.entries()) batch[index]?.resolve(entry);
      } catch (thrown) {
        for (const { reject } of batch) reject(thrown);
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

function link(head: { seq: number; hash: string }, at: string, type: string, data: unknown): JournalEntry {
  const body = { seq: head.seq + 1, at, prev: head.hash, type, data: data ?? null };
  return { ...body, hash: createHash('sha256').update(JSON.stringify(body)).digest('hex') };
}

/**
 * Every line, or JOURNAL_BROKEN with the number of the first one that is not what was written: changed, dropped,
 * reordered, torn, or written in another spelling.
 */
export function readJournal(bytes: Uint8Array): JournalEntry[] {
  const text = Buffer.from(bytes).toString('utf8');
  if (text.length > 0 && !text.endsWith('\n')) {
    throw broken(text.split('\n').length, 'the last line is torn');
  }
  const entries: JournalEntry[] = [];
  let head = { seq: 0, hash: FIRST_PREV };
  for (const line of text.split('\n').slice(0, -1)) {
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

function parseLine(line: string, number: number): JournalEntry {
  try {
    const entry = JSON.parse(line) as JournalEntry;
    if (typeof entry === 'object' && entry !== null && typeof entry.type === 'string') return entry;
  } catch {}
  throw broken(number, 'it is not a journal entry');
}

function broken(line: number, why: string): CountersignError {
  return new CountersignError('JOURNAL_BROKEN', `line ${line} of the journal: ${why}`);
}
