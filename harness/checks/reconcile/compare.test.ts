import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aggregate, differingPartitions, partitionOf } from './aggregate.ts';
import { type BreakClass, breakClasses } from './breaks.ts';
import { compareSides, pairBuckets } from './compare.ts';
import { injections, ledger, makeRow, sideOf } from './fixtures/ledger.ts';
import { checkLaw } from './law.ts';
import type { Row } from './normalise.ts';

const settings = {
  maxRows: 10_000,
  passes: 3,
  tolerance: 0n,
  scaleOf: () => 2,
  signal: new AbortController().signal,
};

const compareRows = (left: readonly Row[], right: readonly Row[], change: Partial<typeof settings> = {}) =>
  compareSides(
    sideOf(() => left),
    sideOf(() => right, 'right'),
    { ...settings, ...change },
  );

function aggregateOf(rows: readonly Row[]): Aggregate {
  const aggregate = new Aggregate();
  for (const row of rows) aggregate.add(row);
  return aggregate;
}

const shuffled = <T>(items: readonly T[], seed: readonly number[]): T[] =>
  items
    .map((item, index) => ({ item, rank: seed[index % seed.length] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
const seeds = fc.array(fc.nat(), { minLength: 80, maxLength: 80 });

describe('random ledgers', () => {
  it('are equal to themselves in any order', async () => {
    await fc.assert(
      fc.asyncProperty(ledger, seeds, async (rows, seed) => {
        const found = await compareRows(rows, shuffled(rows, seed));
        expect(found).toMatchObject({ list: [], hidden: [], readings: 1 });
        expect(checkLaw(found.left, found.right, found).explained).toBe(true);
      }),
    );
  });

  it('show every injected break under its class, and the law holds for each currency', async () => {
    const plan = fc.array(fc.option(fc.constantFrom<BreakClass>(...breakClasses)), {
      minLength: 60,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(ledger, plan, seeds, async (rows, planned, seed) => {
        const expected: string[] = [];
        const left: Row[] = [];
        const right: Row[] = [];
        rows.forEach((row, index) => {
          const name = planned[index];
          const made = name ? injections[name](row) : { left: [row], right: [row] };
          if (name) expected.push(`${row.key} ${name}`);
          left.push(...made.left);
          right.push(...made.right);
        });
        const found = await compareRows(left, shuffled(right, seed));
        expect(found.list.map((each) => `${each.key} ${each.class}`).sort()).toEqual(expected.sort());
        expect(checkLaw(found.left, found.right, found).explained).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('break the law as soon as one break of money goes unnamed', async () => {
    await fc.assert(
      fc.asyncProperty(ledger, async (rows) => {
        const [first, ...others] = rows;
        if (!first) return;
        const found = await compareRows(rows, others);
        expect(checkLaw(found.left, found.right, { list: [], hidden: [] }).explained).toBe(false);
        expect(checkLaw(found.left, found.right, found).explained).toBe(true);
      }),
    );
  });

  it('have the same totals and the same fingerprints whatever the order of the rows', () => {
    fc.assert(
      fc.property(ledger, seeds, (rows, seed) => {
        const one = aggregateOf(rows);
        const other = aggregateOf(shuffled(rows, seed));
        expect(differingPartitions(one, other).size).toBe(0);
        expect(pairBuckets(one, other).every(({ same }) => same)).toBe(true);
        expect(one.net).toBe(rows.reduce((sum, row) => sum + row.amount, 0n));
      }),
    );
  });
});

describe('differences that hide from sums', () => {
  it('finds two breaks of one day that cancel out', async () => {
    const rows = [makeRow({ key: 'a', amount: 500n }), makeRow({ key: 'b', amount: 700n })];
    const found = await compareRows(rows, [
      makeRow({ key: 'a', amount: 510n }),
      makeRow({ key: 'b', amount: 690n }),
    ]);
    expect(found.left.net).toBe(found.right.net);
    expect(found.list.map((each) => [each.key, each.class])).toEqual([
      ['a', 'amount'],
      ['b', 'amount'],
    ]);
  });

  it('does not let a pair of equal rows cancel itself out, as an exclusive or would', async () => {
    const pair = [makeRow({ key: 'twin' }), makeRow({ key: 'twin' })];
    const other = [makeRow({ key: 'none', amount: 150n }), makeRow({ key: 'gone', amount: 50n })];
    const found = await compareRows(pair, other);
    expect(found.left.net).toBe(found.right.net);
    expect(found.left.rows).toBe(found.right.rows);
    expect(found.list).toHaveLength(4);
  });

  it('sees amounts swapped between two keys', async () => {
    const found = await compareRows(
      [makeRow({ key: 'a', amount: 1_000n }), makeRow({ key: 'b', amount: 2_050n })],
      [makeRow({ key: 'a', amount: 2_050n }), makeRow({ key: 'b', amount: 1_000n })],
    );
    expect(found.list.map((each) => each.class)).toEqual(['amount', 'amount']);
  });

  it('keeps apart texts that would run together in one line', async () => {
    const found = await compareRows(
      [makeRow({ type: 'a', status: '1:b' })],
      [makeRow({ type: 'a|3:1', status: 'b' })],
    );
    expect(found.list).toHaveLength(1);
  });

  it('calls a posted row with a new id two breaks although the totals agree', async () => {
    const found = await compareRows([makeRow({ key: 'pending-1' })], [makeRow({ key: 'posted-9' })]);
    expect(found.list.map((each) => each.class).sort()).toEqual(['missing_left', 'missing_right']);
    expect(found.left.net - found.right.net).toBe(0n);
  });

  it('takes a reversal for a row of its own, not for nothing', async () => {
    const booked = makeRow({ key: 'a', amount: 900n });
    const reversed = makeRow({ key: 'a-reversal', amount: -900n });
    const found = await compareRows([booked, reversed], []);
    expect(found.left.net).toBe(0n);
    expect(found.list.map((each) => each.class)).toEqual(['missing_right', 'missing_right']);
  });
});

describe('one key in two rows', () => {
  it('is a duplicate even when the second row lies in another day', async () => {
    const first = makeRow({ key: 'a' });
    const later = makeRow({ key: 'a', at: Date.UTC(2026, 10, 5) });
    const found = await compareRows([first, later], [first]);
    expect(found.list).toEqual([expect.objectContaining({ class: 'duplicate', key: 'a', left: later })]);
  });

  it('is told by its excluded counterpart: pending there, or outside the window there', async () => {
    const ignored = makeRow({ key: 'p', excluded: 'status' });
    const outside = makeRow({ key: 'w', excluded: 'window' });
    const found = await compareRows([makeRow({ key: 'p' }), makeRow({ key: 'w' })], [ignored, outside]);
    expect(found.list.map((each) => [each.key, each.class])).toEqual([
      ['p', 'status'],
      ['w', 'timing'],
    ]);
    expect(checkLaw(found.left, found.right, found).explained).toBe(true);
  });
});

describe('tolerance', () => {
  it('hides no more than it says, and the law counts what it hid', async () => {
    const left = [makeRow({ key: 'a', amount: 1_000n }), makeRow({ key: 'b', amount: 2_000n })];
    const right = [makeRow({ key: 'a', amount: 1_003n }), makeRow({ key: 'b', amount: 1_996n })];
    const found = await compareRows(left, right, { tolerance: 3n });
    expect(found.hidden.map((pair) => pair.left.key)).toEqual(['a']);
    expect(found.list.map((each) => each.key)).toEqual(['b']);
    expect(checkLaw(found.left, found.right, found).explained).toBe(true);
  });

  it('never hides a small amount in another currency or with the other sign', async () => {
    const left = [makeRow({ key: 'a', amount: 1n }), makeRow({ key: 'b', amount: 1n })];
    const right = [
      makeRow({ key: 'a', amount: 1n, currency: 'USD' }),
      makeRow({ key: 'b', amount: 1n, type: 'debit' }),
    ];
    const found = await compareRows(left, right, { tolerance: 1_000n });
    expect(found.list.map((each) => each.class)).toEqual(['currency', 'type']);
  });
});

describe('rows that move between two readings', () => {
  it('are read again until a reading keeps all rows in dispute', async () => {
    let reading = 0;
    const left = sideOf(() => {
      reading += 1;
      return reading === 1 ? [makeRow({ key: 'a' })] : [makeRow({ key: 'a' }), makeRow({ key: 'late' })];
    });
    const found = await compareSides(
      left,
      sideOf(() => [], 'right'),
      settings,
    );
    expect(found.list.map((each) => each.key).sort()).toEqual(['a', 'late']);
    expect(found.readings).toBe(3);
    expect(checkLaw(found.left, found.right, found).explained).toBe(true);
  });

  it('are an error when they never rest', async () => {
    let reading = 0;
    const left = sideOf(() => [makeRow({ key: `moving-${reading++}` })]);
    await expect(
      compareSides(
        left,
        sideOf(() => [], 'right'),
        settings,
      ),
    ).rejects.toMatchObject({
      code: 'SOURCE_ANSWER',
      message: expect.stringContaining('moved'),
    });
  });
});

describe('bounds', () => {
  it('refuses to hold more rows than allowed instead of judging a part of them', async () => {
    const rows = Array.from({ length: 50 }, (_, n) => makeRow({ key: `k${n}` }));
    await expect(compareRows(rows, [], { maxRows: 40 })).rejects.toMatchObject({
      code: 'EVIDENCE_TOO_LARGE',
    });
  });

  it('says so when what is declared as the key is none', async () => {
    const rows = (amount: bigint) => Array.from({ length: 1_100 }, () => makeRow({ key: 'NGN', amount }));
    await expect(compareRows(rows(1n), rows(2n))).rejects.toMatchObject({
      code: 'SOURCE_ANSWER',
      message: expect.stringContaining('1100 rows'),
    });
  });

  it('keeps only rows whose key falls in a differing partition', () => {
    const rows = Array.from({ length: 20_000 }, (_, n) => makeRow({ key: `tx-${n}` }));
    const changed = rows.with(5, makeRow({ key: 'tx-5', amount: 7n }));
    const differing = differingPartitions(aggregateOf(rows), aggregateOf(changed));
    expect([...differing]).toEqual([partitionOf('tx-5')]);
    expect(rows.filter((row) => differing.has(partitionOf(row.key))).length).toBeLessThan(20);
  });

  it('stops the other side when one side fails', async () => {
    const failing = { ...sideOf(() => []), read: () => brokenRead() };
    await expect(compareSides(failing, endless(), settings)).rejects.toThrow('cut off');
  });
});

async function* brokenRead(): AsyncGenerator<Row[]> {
  yield [makeRow()];
  throw new Error('cut off');
}

function endless() {
  async function* read(signal: AbortSignal): AsyncGenerator<Row[]> {
    while (!signal.aborted) {
      yield [makeRow()];
      await new Promise(setImmediate);
    }
  }
  return { ...sideOf(() => [], 'right'), read };
}
