import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MonoPage } from '../types.ts';
import { walkPages } from './paging.ts';
import { collect, rowsOf } from './testing.ts';
import type { Sheet } from './wire.ts';

interface Row {
  id: string;
}

/** A provider whose list changes just before chosen reads. */
class ShiftingList {
  rows: Row[];
  reads = 0;
  readonly #limit: number;
  readonly #before: (read: number, list: ShiftingList) => void;
  #born = 0;

  constructor(size: number, limit: number, before: (read: number, list: ShiftingList) => void = () => {}) {
    this.rows = Array.from({ length: size }, () => this.newRow());
    this.#limit = limit;
    this.#before = before;
  }

  newRow(): Row {
    this.#born += 1;
    return { id: `row${this.#born}` };
  }

  addOnTop(count: number): void {
    for (let i = 0; i < count; i++) this.rows.unshift(this.newRow());
  }

  read = async (page: number): Promise<Sheet> => {
    this.reads += 1;
    this.#before(this.reads, this);
    const from = (page - 1) * this.#limit;
    return {
      rows: this.rows.slice(from, from + this.#limit),
      total: this.rows.length,
      page,
      hasNext: page * this.#limit < this.rows.length,
      raw: '',
    };
  };
}

async function walk(list: ShiftingList, maxPages = 500): Promise<MonoPage[]> {
  return collect(walkPages(list.read, maxPages));
}

function idsOf(pages: MonoPage[]): string[] {
  return rowsOf(pages).map((row) => String(row.id));
}

const size = fc.integer({ min: 0, max: 40 });
const limit = fc.integer({ min: 1, max: 8 });
/** How many rows are added before read 1, 2, 3 … */
const growth = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 30 });

describe('a list that holds still', () => {
  it('gives every row exactly once, and reads the head again only after several pages', async () => {
    await fc.assert(
      fc.asyncProperty(size, limit, async (rows, pageSize) => {
        const list = new ShiftingList(rows, pageSize);
        const pages = await walk(list);
        expect(idsOf(pages)).toEqual(list.rows.map((row) => row.id));
        const wanted = Math.max(1, Math.ceil(rows / pageSize));
        expect(list.reads).toBe(wanted === 1 ? 1 : wanted + 1);
      }),
    );
  });
});

describe('rows added while reading', () => {
  it('loses no row that was there at the start, when new rows come on top', async () => {
    await fc.assert(
      fc.asyncProperty(size, limit, growth, async (rows, pageSize, steps) => {
        let atStart: string[] = [];
        const list = new ShiftingList(rows, pageSize, (read, self) => {
          if (read === 1) atStart = self.rows.map((row) => row.id);
          else self.addOnTop(steps[read] ?? 0);
        });
        expect(idsOf(await walk(list))).toEqual(expect.arrayContaining(atStart));
      }),
    );
  });

  it('also delivers what came on top until the last page was read', async () => {
    const list = new ShiftingList(10, 3, (read, self) => read === 3 && self.addOnTop(5));
    const ids = new Set(idsOf(await walk(list)));
    expect(ids).toEqual(new Set(list.rows.map((row) => row.id)));
  });

  it('loses no row when new rows come anywhere else', async () => {
    await fc.assert(
      fc.asyncProperty(size, limit, growth, fc.nat(), async (rows, pageSize, steps, place) => {
        let atStart: string[] = [];
        const list = new ShiftingList(rows, pageSize, (read, self) => {
          if (read === 1) atStart = self.rows.map((row) => row.id);
          else if (steps[read]) self.rows.splice(place % (self.rows.length + 1), 0, self.newRow());
        });
        expect(idsOf(await walk(list))).toEqual(expect.arrayContaining(atStart));
      }),
    );
  });

  it('reads everything again when a row was filed at an older date', async () => {
    const list = new ShiftingList(9, 3, (read, self) => read === 3 && self.rows.splice(1, 0, { id: 'late' }));
    expect(idsOf(await walk(list))).toContain('late');
  });

  it('takes a page that repeats for a shift when the list grew by as many rows', async () => {
    const list = new ShiftingList(4, 1, (read, self) => read === 2 && self.addOnTop(1));
    expect(new Set(idsOf(await walk(list))).size).toBe(5);
  });
});

describe('rows taken away while reading', () => {
  it('gives every row that stayed, or says that the list would not hold still', async () => {
    await fc.assert(
      fc.asyncProperty(
        size,
        limit,
        fc.array(fc.nat({ max: 3 }), { maxLength: 60 }),
        fc.nat(),
        async (rows, pageSize, steps, place) => {
          let atStart: string[] = [];
          const list = new ShiftingList(rows, pageSize, (read, self) => {
            if (read === 1) atStart = self.rows.map((row) => row.id);
            else if (steps[read] === 1) self.rows.splice(place % (self.rows.length || 1), 1);
            else if (steps[read] === 2) self.addOnTop(1);
            else if (steps[read] === 3) {
              self.rows.splice(place % (self.rows.length || 1), 1);
              self.addOnTop(1);
            }
          });
          const outcome = await walk(list).catch((error: Error) => error);
          if (outcome instanceof Error) {
            expect(outcome).toMatchObject({ name: 'MonoPagingError' });
            return;
          }
          const stayed = atStart.filter((id) => list.rows.some((row) => row.id === id));
          expect(idsOf(outcome)).toEqual(expect.arrayContaining(stayed));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('heals after one more reading', async () => {
    const list = new ShiftingList(9, 3, (read, self) => read === 2 && self.rows.splice(0, 1));
    expect(new Set(idsOf(await walk(list)))).toEqual(new Set(['row1', ...list.rows.map((row) => row.id)]));
  });

  it('gives up on a list that never holds still', async () => {
    const list = new ShiftingList(60, 3, (read, self) => read > 1 && self.rows.splice(0, 1));
    await expect(walk(list)).rejects.toMatchObject({ name: 'MonoPagingError', code: 'UNSTABLE' });
  });
});

describe('a provider that pages wrongly', () => {
  const sheet = (ids: string[], change: Partial<Sheet> = {}): Sheet => ({
    rows: ids.map((id) => ({ id })),
    total: 6,
    page: undefined,
    hasNext: true,
    raw: '',
    ...change,
  });
  const drain = (read: (page: number) => Sheet, maxPages = 50) =>
    collect(walkPages(async (page) => read(page), maxPages));

  it('refuses a page that repeats', async () => {
    await expect(drain(() => sheet(['a', 'b']))).rejects.toMatchObject({ code: 'REPEATING_PAGE' });
  });

  it('refuses a circle of pages', async () => {
    const read = (page: number) => sheet(page % 2 ? ['a', 'b'] : ['c', 'd']);
    await expect(drain(read)).rejects.toMatchObject({ code: 'REPEATING_PAGE' });
  });

  it('refuses a page that is not the one asked for', async () => {
    await expect(drain(() => sheet(['a'], { page: 1 }))).rejects.toMatchObject({ code: 'WRONG_PAGE' });
  });

  it('refuses more pages than the cap, rather than stopping in silence', async () => {
    const read = (page: number) => sheet([`a${page}`], { total: 1000 });
    await expect(drain(read, 4)).rejects.toMatchObject({ code: 'TOO_MANY_PAGES' });
  });

  it('refuses a list that ends before its total', async () => {
    const read = () => sheet(['a', 'b'], { hasNext: false });
    await expect(drain(read)).rejects.toMatchObject({ code: 'ENDED_EARLY' });
  });

  it('refuses an empty page that is followed by another', async () => {
    const read = (page: number) => sheet(page === 1 ? ['a', 'b'] : []);
    await expect(drain(read)).rejects.toMatchObject({ code: 'ENDED_EARLY' });
  });

  it('tells rows without ids apart by their content', async () => {
    const rows = [{ narration: 'one' }, { narration: 'two' }];
    const read = (page: number) => sheet([], { rows: [rows[page - 1]], total: 2, hasNext: page === 1 });
    expect(await drain(read)).toHaveLength(2);
  });
});
