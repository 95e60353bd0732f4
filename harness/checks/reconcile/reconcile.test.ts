import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '../../testing/postgres.ts';
import { kindContract } from '../contract.ts';
import { type LedgerApi, servePage, startLedgerApi } from './fixtures/ledger-api.ts';
import { apiColumns, contextFor, measure, paging, sqlColumns } from './fixtures/setup.ts';
import type { ReconcileOptions } from './options.ts';
import reconcile from './reconcile.ts';

let postgres: TestPostgres;
let api: LedgerApi;
let rows: string[] = [];

const booked = (n: number) => new Date(Date.UTC(2026, 10, 18, 9) + n * 3_600_000).toISOString();
const kobo = (n: number) => 1_500_050 + n * 7;

beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.run(`
    CREATE TABLE movements (id text, amount numeric(18,2), currency text, type text, booked_at timestamptz);
    INSERT INTO movements SELECT 'tx-' || n, (1500050 + n * 7) / 100.0, 'NGN',
      CASE WHEN n % 3 = 0 THEN 'debit' ELSE 'credit' END,
      timestamptz '2026-11-18 09:00:00Z' + n * interval '1 hour' FROM generate_series(1, 120) n;
    CREATE TABLE copied AS TABLE movements;`);
  api = await startLedgerApi((url) => servePage(url, rows));
}, 120_000);

afterAll(async () => {
  await api?.close();
  await postgres?.stop();
});

function bankRows(change: (row: Record<string, unknown>, n: number) => void = () => {}): string[] {
  return Array.from({ length: 120 }, (_, index) => {
    const n = index + 1;
    const row = { id: `tx-${n}`, amount: kobo(n), type: n % 3 === 0 ? 'debit' : 'credit', date: booked(n) };
    change(row, n);
    return JSON.stringify(row);
  }).reverse();
}

const select = 'SELECT id, amount, currency, type, booked_at FROM movements';
const twoTables: ReconcileOptions = {
  left: { name: 'original', sql: { query: select }, columns: sqlColumns },
  right: { name: 'copy', sql: { query: 'SELECT * FROM copied' }, columns: sqlColumns },
};
const bankAgainstTable: ReconcileOptions = {
  left: { name: 'bank', api: { path: '/rows', rows: '/data', paging }, columns: apiColumns },
  right: { name: 'table', sql: { query: select }, columns: sqlColumns },
  window: { zone: 'Africa/Lagos' },
};

describe('SQL against SQL', () => {
  it('finds two equal tables equal, to the minor unit', async () => {
    const facts = await measure(twoTables, contextFor({ postgres: postgres.url }));
    expect(facts).toMatchObject({ breaks: 0, explained: true, difference_minor: '0', readings: 1 });
    expect(facts.left).toMatchObject({ rows: 120, total_minor: facts.right.total_minor, basis: 'net' });
    expect(facts.left.gross_minor).toBe(
      String(Array.from({ length: 120 }, (_, n) => kobo(n + 1)).reduce((a, b) => a + b)),
    );
  });

  it('finds two changes that cancel out in the totals', async () => {
    const query = `SELECT id, currency, type, booked_at,
      amount + CASE id WHEN 'tx-1' THEN 5.25 WHEN 'tx-2' THEN -5.25 ELSE 0 END AS amount FROM movements`;
    const changed = { ...twoTables, right: { ...twoTables.right, sql: { query } } };
    const facts = await measure(changed, contextFor({ postgres: postgres.url }));
    expect(facts.left.total_minor).toBe(facts.right.total_minor);
    expect(facts).toMatchObject({ breaks: 2, explained: true, difference_minor: '0' });
    expect(facts.break_classes.amount).toEqual({ count: 2, difference_minor: '0', absolute_minor: '1050' });
    expect(facts.first_breaks.map(({ key, difference_minor }) => [key, difference_minor])).toEqual([
      ['tx-1', '-525'],
      ['tx-2', '525'],
    ]);
  });
});

describe('an API in kobo against SQL in naira', () => {
  it('finds equal books equal over pages of an API', async () => {
    rows = bankRows();
    const context = contextFor({ postgres: postgres.url, http: api.url });
    const facts = await measure(bankAgainstTable, context);
    expect(facts).toMatchObject({ breaks: 0, explained: true, difference_minor: '0' });
    expect(facts.left).toMatchObject({ rows: 120, requests: 3, kind: 'api' });
    expect(facts.buckets_compared).toBeGreaterThan(5);
    expect([...context.artifacts.keys()]).toEqual(['breaks.csv', 'buckets.csv', 'definition.json']);
  });

  it('names the row and the day of one wrong kobo amount', async () => {
    rows = bankRows((row, n) => {
      if (n === 17) row['amount'] = kobo(17) + 400;
    });
    const context = contextFor({ postgres: postgres.url, http: api.url });
    const facts = await measure(bankAgainstTable, context);
    expect(facts).toMatchObject({ breaks: 1, explained: true, difference_minor: '400' });
    expect(facts.first_breaks).toEqual([
      {
        class: 'amount',
        key: 'tx-17',
        currency: 'NGN',
        left_minor: String(kobo(17) + 400),
        right_minor: String(kobo(17)),
        difference_minor: '400',
        day: '2026-11-19',
        age_days: 6,
        differs: ['amount'],
      },
    ]);
    expect(facts.differing_days).toEqual([
      expect.objectContaining({
        day: '2026-11-19',
        currency: 'NGN',
        type: 'credit',
        difference_minor: '400',
      }),
    ]);
    expect(context.artifacts.get('breaks.csv')?.split('\r\n')[1]).toContain('amount,amount,tx-17,400,NGN');
  });
});

kindContract(reconcile, {
  working: {
    options: {
      ...bankAgainstTable,
      left: {
        ...bankAgainstTable.left,
        api: { path: '/rows', rows: '/data', paging, headers: { authorization: 'Bearer ${secret.PLANTED}' } },
      },
      right: {
        ...bankAgainstTable.right,
        sql: { query: `${select} WHERE $1 <> ''`, params: ['${secret.PLANTED}'] },
      },
    },
    makeContext: ({ secrets, signal }) => {
      rows = bankRows();
      return contextFor({ postgres: postgres.url, http: api.url }, { secrets, signal });
    },
  },
  hanging: {
    options: { ...twoTables, right: { ...twoTables.right, sql: { query: `${select}, pg_sleep(60)` } } },
    makeContext: ({ secrets, signal }) => contextFor({ postgres: postgres.url }, { secrets, signal }),
  },
  unreachable: {
    options: twoTables,
    makeContext: ({ secrets, signal }) =>
      contextFor({ postgres: 'postgres://nobody:none@127.0.0.1:1/none' }, { secrets, signal }),
  },
});
