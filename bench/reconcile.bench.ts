import type { Columns, ReconcileOptions } from '#harness/checks/reconcile/options.ts';
import reconcile from '#harness/checks/reconcile/reconcile.ts';
import type { PostgresSource } from '#harness/sources/define.ts';
import { createPostgres } from '#harness/sources/postgres.ts';
import { testContext } from '#harness/testing/context.ts';
import { startPostgres } from '#harness/testing/postgres.ts';

/**
 * Ratios in one run, since seconds differ from machine to machine: equal tables, and tables with ten breaks,
 * against the cheapest question that can be asked of them, `count(*), sum(amount)`, which shows no row at all.
 */
const rows = 200_000;
const repeats = 5;

const columns: Columns = {
  key: 'id',
  amount: 'amount',
  unit: 'major',
  sign: { column: 'type', debit: ['debit'], credit: ['credit'] },
  currency: { column: 'currency' },
  type: { column: 'type' },
  at: { column: 'booked_at' },
};

const tables = `
  CREATE TABLE bank AS SELECT 'tx-' || md5(n::text) AS id, (n * 37 % 10000000 + 100) / 100.0::numeric(18,2) AS amount,
    'NGN' AS currency, CASE WHEN n % 3 = 0 THEN 'debit' ELSE 'credit' END AS type,
    timestamptz '2026-08-01 00:00:00Z' + n * interval '30 seconds' AS booked_at FROM generate_series(1, ${rows}) n;
  CREATE TABLE same AS TABLE bank;
  CREATE TABLE ten AS SELECT id, amount + (row_number() OVER (ORDER BY id) <= 10)::int AS amount,
    currency, type, booked_at FROM bank;
  VACUUM ANALYZE;`;

export async function bench(): Promise<string[]> {
  const postgres = await startPostgres();
  try {
    for (const statement of tables.split(';').filter((text) => text.trim())) await postgres.run(statement);
    const source = createPostgres({ name: 'bench', url: postgres.url });
    const floor = await fastest(() => totals(source));
    const equal = await fastest(() => compare(source, 'same', 0));
    const differing = await fastest(() => compare(source, 'ten', 10));
    const everyRow = await fastest(() => compare(withoutHashes(source), 'same', 0));
    return [
      `reconcile, ${rows} rows a side, fastest of ${repeats}`,
      line('count, sum of both tables', floor, floor),
      line('reconcile, equal', equal, floor),
      line('reconcile, 10 breaks', differing, floor),
      line('every row read, equal', everyRow, floor),
    ];
  } finally {
    await postgres.stop();
  }
}

async function totals(source: PostgresSource): Promise<void> {
  for (const table of ['bank', 'same']) await source.query(`SELECT count(*), sum(amount) FROM ${table}`);
}

async function compare(source: PostgresSource, table: string, breaks: number): Promise<void> {
  const side = (name: string) => ({ name, sql: { query: `SELECT * FROM ${name}` }, columns });
  const options: ReconcileOptions = { left: side('bank'), right: side(table) };
  const { facts } = await reconcile.measure(
    options,
    testContext({ sources: { postgres: async () => source } }),
  );
  if (facts.breaks !== breaks || facts.left.rows !== rows || !facts.explained) {
    throw new Error(
      `expected ${breaks} breaks among ${rows} rows, got ${facts.breaks} among ${facts.left.rows}`,
    );
  }
}

/** A server without PostgreSQL's hash functions: the way that an API's rows go, too. */
function withoutHashes(real: PostgresSource): PostgresSource {
  const query: PostgresSource['query'] = (sql, ...rest) =>
    real.query(sql.includes('AS probe') ? 'SELECT NULL AS probe' : sql, ...rest);
  return { ...real, query };
}

/** The fastest run: what else the machine does only ever adds. */
async function fastest(work: () => Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < repeats; run += 1) {
    const started = performance.now();
    await work();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

function line(what: string, milliseconds: number, floor: number): string {
  return `  ${what.padEnd(28)} ${milliseconds.toFixed(0).padStart(7)} ms  ratio ${(milliseconds / floor).toFixed(1)}`;
}
