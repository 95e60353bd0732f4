import { mkdtemp, open, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { fakeClock } from '../testing/context.ts';
import { Journal, readJournal, repairJournal } from './journal.ts';

async function journalOf(count: number, said = 'b'): Promise<{ path: string; text: string }> {
  const path = join(await mkdtemp(join(tmpdir(), 'journal-')), 'journal.jsonl');
  const journal = await Journal.create(path, fakeClock());
  await Promise.all(
    Array.from({ length: count }, (_, index) => journal.append('item', { index, 10: 'a', 2: said })),
  );
  await journal.close();
  return { path, text: await readFile(path, 'utf8') };
}

describe('journal', () => {
  it('chains every line to the one before, in call order, however many callers append at once', async () => {
    const { text } = await journalOf(20);
    const entries = readJournal(Buffer.from(text));
    expect(entries.map((entry) => entry.seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(entries.map((entry) => (entry.data as { index: number }).index)).toEqual(
      entries.map((_, index) => index),
    );
  });

  it('answers each append of a caller that waits for the one before', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'journal-')), 'journal.jsonl');
    const journal = await Journal.create(path, fakeClock());
    for (let index = 0; index < 5; index += 1)
      expect((await journal.append('item', index)).seq).toBe(index + 1);
    await journal.close();
  });

  it('goes on after it was closed and opened again', async () => {
    const { path } = await journalOf(2);
    const { journal, entries } = await Journal.open(path, fakeClock());
    expect(entries).toHaveLength(2);
    await journal.append('more', null);
    await journal.close();
    expect(readJournal(await readFile(path))).toHaveLength(3);
  });

  it('T18: refuses a dropped, a swapped, a torn and a respelt line, naming the line', async () => {
    const { text } = await journalOf(4);
    const [one = '', two = '', three = '', four = ''] = text.split('\n');
    const read = (lines: string[]) => () => readJournal(Buffer.from(`${lines.join('\n')}\n`));
    expect(read([one, three, four])).toThrow('line 2 of the journal: it does not follow');
    expect(read([one, three, two, four])).toThrow('line 2');
    expect(read([one, two.replace('"index":1', '"index": 1')])).toThrow('line 2 of the journal: its hash');
    expect(() => readJournal(Buffer.from(text.slice(0, -1)))).toThrow(
      'line 4 of the journal: the last line is torn',
    );
    expect(read([one, '[]'])).toThrow('line 2 of the journal: it is not a journal entry');
  });

  it('refuses to append to a broken journal', async () => {
    const { path, text } = await journalOf(3);
    await writeFile(path, text.replace('"index":1', '"index":7'));
    await expect(Journal.open(path, fakeClock())).rejects.toThrow('line 2 of the journal');
  });

  it('T18: notices any single changed character', async () => {
    const { text } = await journalOf(3);
    fc.assert(
      fc.property(fc.nat(text.length - 2), fc.constantFrom('0', 'x', '"', ' ', '}'), (at, put) => {
        fc.pre(text[at] !== put);
        expect(() => readJournal(Buffer.from(text.slice(0, at) + put + text.slice(at + 1)))).toThrow(
          /line [1-4] of/,
        );
      }),
    );
  });

  it('T18: notices any single changed byte, also one that is no text any more', async () => {
    const { path, text } = await journalOf(3, '\ufffd é');
    const bytes = Buffer.from(text);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ change;
        expect(() => readJournal(changed)).toThrow(/line [1-4] of the journal/);
        await writeFile(path, changed);
        await expect(repairJournal(path)).rejects.toMatchObject({ code: 'JOURNAL_BROKEN' });
        expect(await readFile(path)).toEqual(changed);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a journal that was torn', () => {
  it('whole or cut off anywhere, it is repaired to the lines that were whole, and says what went', async () => {
    const { path, text } = await journalOf(3, 'é');
    const bytes = Buffer.from(text);
    const entries = readJournal(bytes);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), async (length) => {
        const whole = bytes.subarray(0, length).toString('latin1').split('\n').length - 1;
        const kept = bytes.subarray(0, length).lastIndexOf(10) + 1;
        await writeFile(path, bytes.subarray(0, length));
        const repair = await repairJournal(path);
        expect(repair).toEqual(kept === length ? undefined : { line: whole + 1, bytes: length - kept });
        expect(readJournal(await readFile(path))).toEqual(entries.slice(0, whole));
      }),
      { numRuns: 100 },
    );
  });

  it('is refused by everyone but its runner', async () => {
    const { path, text } = await journalOf(2);
    await writeFile(path, text.slice(0, -5));
    await expect(Journal.open(path, fakeClock())).rejects.toMatchObject({
      message: 'line 2 of the journal: the last line is torn',
      hint: expect.stringContaining('`countersign gate resume` repairs that'),
    });
    expect(await readFile(path, 'utf8')).toBe(text.slice(0, -5));
  });

  it('an end that is not the beginning of the next line is no torn line', async () => {
    const { path, text } = await journalOf(2);
    await writeFile(path, `${text}something else`);
    await expect(repairJournal(path)).rejects.toThrow('line 3 of the journal: its end is no line');
  });

  it('a line that could not be written is the last one: nothing is appended after it', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'journal-')), 'journal.jsonl');
    const journal = await Journal.create(path, fakeClock());
    await journal.append('item', 1);
    const { promise, resolve } = Promise.withResolvers<void>();
    const write = vi.spyOn(Object.getPrototypeOf(await fileHandle(path)), 'appendFile');
    write.mockImplementationOnce(async () => {
      resolve();
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    });
    const failed = journal.append('item', 2);
    await promise;
    const next = journal.append('item', 3);
    const refused = { code: 'SYSTEM', message: expect.stringContaining('disk full') };
    await expect(failed).rejects.toMatchObject(refused);
    await expect(next).rejects.toMatchObject(refused);
    write.mockRestore();
    await expect(journal.append('item', 4)).rejects.toMatchObject(refused);
    await expect(journal.append('item', 5)).rejects.toMatchObject(refused);
    await journal.close();
    expect(readJournal(await readFile(path))).toHaveLength(1);
  });
});

async function fileHandle(path: string): Promise<object> {
  const file = await open(path);
  await file.close();
  return file;
}
