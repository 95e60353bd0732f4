import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../testing/context.ts';
import { Journal, readJournal } from './journal.ts';

async function journalOf(count: number): Promise<{ path: string; text: string }> {
  const path = join(await mkdtemp(join(tmpdir(), 'journal-')), 'journal.jsonl');
  const journal = await Journal.create(path, fakeClock());
  await Promise.all(
    Array.from({ length: count }, (_, index) => journal.append('item', { index, 10: 'a', 2: 'b' })),
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
});
