import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PostgresSource } from '../../sources/define.ts';
import { createPostgres } from '../../sources/postgres.ts';
import { testContext } from '../../testing/context.ts';
import { startPostgres, type TestPostgres } from '../../testing/postgres.ts';
import { sqlColumns } from './fixtures/setup.ts';
import type { ReconcileOptions, SideOptions } from './options.ts';
import reconcile from './reconcile.ts';

let postgres: TestPostgres;
let source: PostgresSource;

beforeAll(async () => {
  postgres = await startPostgres();
  source = createPostgres({ name: 'ledger', url: postgres.url });
}, 120_000);

afterAll(async () => {
  await postgres?.stop();
});

/** A server whose hashes can't be asked for: every row then goes through this process. */
function withoutHashes(real: PostgresSource): PostgresSource {
  return {
    ...real,
    query: (sql, ...rest) => real.query(sql.includes('AS probe') ? 'SELECT NULL AS probe' : sql, ...rest),
  };
}

async function measure(options: ReconcileOptions, from: PostgresSource = source) {
  const { facts } = await reconcile.measure(
    options,
    testContext({ sources: { postgres: async () => from } }),
  );
  return facts;
}

interface Entry {
  id: number;
  minor: bigint;
  type: string;
  hour: number;
}

function side(entries: readonly Entry[], change: Partial<SideOptions['columns']> = {}): SideOptions {
  const rows = entries.map(({ id, minor, type, hour }) => {
    const amount = `${minor / 100n}.${String(minor % 100n).padStart(2, '0')}`;
    return `('tx-${id}', ${amount}::numeric, 'NGN', '${type}', timestamptz '2026-11-20 00:00:00.0005Z' + ${hour} * interval '1 hour')`;
  });
  const query = `SELECT * FROM (VALUES ${rows}) AS v (id, amount, currency, type, booked_at)`;
  return { sql: { query }, columns: { ...sqlColumns, ...change } };
}

const entry = fc.record({
  id: fc.nat({ max: 40 }),
  minor: fc.bigInt({ min: 0n, max: 2n ** 70n }),
  type: fc.constantFrom('debit', 'credit'),
  hour: fc.nat({ max: 60 }),
});
const entries = fc.array(entry, { minLength: 1, maxLength: 25 });
const comparable = ({
  summed_by,
  readings,
  left,
  right,
  started_at,
  finished_at,
  ...rest
}: Awaited<ReturnType<typeof measure>>) => rest;

describe('sums made by the database', () => {
  it('lead to the same facts as reading every row', async () => {
    await fc.assert(
      fc.asyncProperty(entries, entries, fc.boolean(), async (common, others, windowed) => {
        const options: ReconcileOptions = {
          left: side(common),
          right: side([...common.slice(1), ...others]),
          window: { zone: 'Africa/Lagos', ...(windowed ? { from: '2026-11-21', to: '2026-11-22' } : {}) },
          allow_empty: 'both',
        };
        const [fast, exact] = [await measure(options), await measure(options, withoutHashes(source))];
        expect([fast.summed_by, exact.summed_by]).toEqual(['database', 'countersign']);
        expect(comparable(fast)).toEqual(comparable(exact));
        const { snapshot } = exact.left;
        expect({ ...fast.left, snapshot }).toEqual(exact.left);
        expect({ ...fast.right, snapshot }).toEqual(exact.right);
        expect(fast.explained).toBe(true);
      }),
      { numRuns: 15 },
    );
  }, 120_000);

  it('see a swap of two amounts, a changed type, hour or key', async () => {
    const base: Entry[] = [
      { id: 1, minor: 100n, type: 'credit', hour: 1 },
      { id: 2, minor: 250n, type: 'credit', hour: 1 },
    ];
    const [one, two] = base as [Entry, Entry];
    const changed: Entry[][] = [
      [
        { ...one, minor: 250n },
        { ...two, minor: 100n },
      ],
      [
        { ...one, id: 2 },
        { ...two, id: 1 },
      ],
      [{ ...one, hour: 2 }, two],
      [{ ...one, type: 'debit' }, two],
      [one, { ...two, id: 3 }],
      [one, two, two],
    ];
    for (const other of changed) {
      const facts = await measure({ left: side(base), right: side(other) });
      expect(facts).toMatchObject({ summed_by: 'database', explained: true });
      expect(facts.breaks).toBeGreaterThan(0);
    }
    expect((await measure({ left: side(base), right: side(base.toReversed()) })).breaks).toBe(0);
  });

  it('compare minor with major units', async () => {
    const rows: Entry[] = [{ id: 1, minor: 1_550n, type: 'debit', hour: 3 }];
    const kobo: SideOptions = {
      sql: {
        query: `SELECT 'tx-1' AS id, 1550::bigint AS amount, 'ngn ' AS currency, 'debit' AS type,
          timestamptz '2026-11-20 03:00:00.000999Z' AS booked_at`,
      },
      columns: { ...sqlColumns, unit: 'minor' },
    };
    const facts = await measure({ left: kobo, right: side(rows) });
    expect(facts).toMatchObject({ summed_by: 'database', breaks: 0, left: { net_minor: '-1550' } });
  });

  it.each([
    ["'NaN'::numeric", 'NaN'],
    ["'Infinity'::numeric", 'Infinity'],
    ['NULL::numeric', 'no amount'],
    ['1.005', 'finer'],
    ['-1', 'negative'],
  ])('leave %s to the exact reading, which names the row', async (amount, why) => {
    const bad: SideOptions = {
      sql: {
        query: `SELECT 'bad-row' AS id, ${amount} AS amount, 'NGN' AS currency, 'debit' AS type, now() AS booked_at`,
      },
      columns: sqlColumns,
    };
    await expect(measure({ left: bad, right: bad })).rejects.toMatchObject({
      code: 'SOURCE_ANSWER',
      message: expect.stringMatching(new RegExp(`bad-row.*${why}`)),
    });
  });

  it.each(['id', 'currency', 'booked_at'])('leave a null in %s to the exact reading', async (column) => {
    const whole = { id: "'a'", amount: '1.0', currency: "'NGN'", type: "'debit'", booked_at: 'now()' };
    const cells = Object.entries({
      ...whole,
      [column]: column === 'booked_at' ? 'NULL::timestamptz' : 'NULL::text',
    });
    const bad: SideOptions = {
      sql: { query: `SELECT ${cells.map(([name, value]) => `${value} AS ${name}`)}` },
      columns: sqlColumns,
    };
    await expect(measure({ left: bad, right: bad })).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
  });

  it('are not trusted when two servers hash differently', async () => {
    const foreign: PostgresSource = {
      ...source,
      query: (sql, ...rest) =>
        source.query(sql.includes('AS probe') ? "SELECT 'other' AS probe" : sql, ...rest),
    };
    const rows = side([{ id: 1, minor: 5n, type: 'debit', hour: 0 }]);
    const left: SideOptions = { ...rows, sql: { query: rows.sql?.query ?? '', source: 'foreign' } };
    const sources = { postgres: async (name?: string) => (name === 'foreign' ? foreign : source) };
    const { facts } = await reconcile.measure({ left, right: rows }, testContext({ sources }));
    expect(facts).toMatchObject({ summed_by: 'countersign', breaks: 0 });
  });

  it('give way to the exact reading when rows move between sums and rows', async () => {
    const moving: SideOptions = {
      sql: {
        query: `SELECT 'a' AS id, (extract(epoch FROM now()) * 1000000)::bigint AS amount, 'NGN' AS currency,
          'credit' AS type, timestamptz '2026-11-20 00:00Z' AS booked_at`,
      },
      columns: sqlColumns,
    };
    const facts = await measure({
      left: moving,
      right: side([{ id: 1, minor: 5n, type: 'debit', hour: 0 }]),
    });
    expect(facts).toMatchObject({ summed_by: 'countersign', explained: true, breaks: 2 });
  });
});
