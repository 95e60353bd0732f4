import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '../testing/postgres.ts';
import type { TextRow } from './define.ts';
import { createPostgres } from './postgres.ts';

let postgres: TestPostgres;
const source = (extra = {}) => createPostgres({ name: 'ledger', url: postgres.url, ...extra });

beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.run(
    'CREATE TABLE entries (id int, amount numeric(38,2)); INSERT INTO entries VALUES (1, 0.10);',
  );
});
afterAll(() => postgres?.stop());

async function all(batches: AsyncIterable<TextRow[]>): Promise<TextRow[]> {
  const rows: TextRow[] = [];
  for await (const batch of batches) rows.push(...batch);
  return rows;
}

describe('postgres source', () => {
  it("gives every value as PostgreSQL's own text, with the type of its column", async () => {
    const result = await source().query(
      `SELECT 9007199254740993::int8 AS big, 12345678901234567890.10::numeric AS money, true AS yes,
        NULL::int AS nothing, '{"a": 1.0}'::jsonb AS document, $1::text AS given`,
      ['it'],
    );
    expect(result.rows).toEqual([
      {
        big: '9007199254740993',
        money: '12345678901234567890.10',
        yes: 't',
        nothing: null,
        document: '{"a": 1.0}',
        given: 'it',
      },
    ]);
    expect(result.columns.map((column) => column.type)).toEqual([
      'int8',
      'numeric',
      'bool',
      'int4',
      'jsonb',
      'text',
    ]);
  });

  it.each([
    ['INSERT INTO entries VALUES (2, 1)'],
    ['WITH gone AS (DELETE FROM entries RETURNING *) SELECT * FROM gone'],
    ['SELECT 1; DROP TABLE entries'],
    ['SELECT 1; COMMIT; DROP TABLE entries'],
    ["COPY (SELECT 1) TO PROGRAM 'true'"],
    ["SELECT set_config('transaction_read_only', 'off', false); DELETE FROM entries"],
    ['TRUNCATE entries'],
    ['COMMIT'],
  ])('refuses what is not one reading statement: %s', async (sql) => {
    await expect(source().query(sql)).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
    await expect(all(source().stream(sql))).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
    expect((await source().query('SELECT count(*) AS n FROM entries')).rows).toEqual([{ n: '1' }]);
  });

  it('cannot write through a function of a SELECT either', async () => {
    await postgres.run(
      `CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'INSERT INTO entries VALUES (3, 3) RETURNING id'`,
    );
    await expect(source().query('SELECT sneak()')).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
  });

  it('streams a result in batches that make up the whole', async () => {
    const batches: TextRow[][] = [];
    for await (const batch of source().stream('SELECT n FROM generate_series(1, $1::int) AS n', [12_001])) {
      batches.push(batch);
    }
    expect(batches.map((batch) => batch.length)).toEqual([5000, 5000, 2001]);
    expect(batches.flat().at(-1)).toEqual({ n: '12001' });
  });

  it('refuses one row more than allowed instead of cutting the result', async () => {
    const sql = 'SELECT n FROM generate_series(1, 3) AS n';
    expect((await source().query(sql, [], undefined, 3)).rows).toHaveLength(3);
    await expect(source().query(sql, [], undefined, 2)).rejects.toMatchObject({ code: 'EVIDENCE_TOO_LARGE' });
  });

  it('refuses two columns of one name, of which one would be lost', async () => {
    await expect(source().query('SELECT 1 AS a, 2 AS a')).rejects.toThrow('two columns');
  });

  it('stops the query in the server when told to stop', async () => {
    const stop = new AbortController();
    const running = source().query('SELECT pg_sleep(600)', [], stop.signal);
    const asleep = "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    const active = async () => (await source().query(asleep)).rows[0]?.['n'];
    const refused = expect(running).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await expect.poll(active).toBe('1');
    stop.abort();
    await refused;
    await expect.poll(active).toBe('0');
  });

  it('ends a statement that takes too long', async () => {
    await expect(source({ statementTimeoutMs: 50 }).query('SELECT pg_sleep(600)')).rejects.toMatchObject({
      code: 'TIMED_OUT',
    });
  });

  it('prints times the same way, whatever the role prefers', async () => {
    await postgres.run(
      `ALTER ROLE CURRENT_USER SET TimeZone TO 'Africa/Lagos'; ALTER ROLE CURRENT_USER SET DateStyle TO 'German'`,
    );
    const { rows } = await source().query("SELECT timestamptz '2026-11-25T08:30:00Z' AS at");
    await postgres.run('ALTER ROLE CURRENT_USER RESET ALL');
    expect(rows).toEqual([{ at: '2026-11-25 08:30:00+00' }]);
  });

  it('says who it is', async () => {
    const { rows } = await source().query("SELECT current_setting('application_name') AS name");
    expect(rows).toEqual([{ name: 'countersign' }]);
  });

  it.each([
    ['postgres://tester:wrong-password@HOST/measured', 'SOURCE_UNREACHABLE'],
    ['postgres://tester:test-password@HOST/no_such_database', 'SOURCE_UNREACHABLE'],
    ['postgres://tester:secret-word%@HOST/measured', 'SOURCE_UNREACHABLE'],
    ['postgres://tester:secret-word@127.0.0.1:1/measured', 'SOURCE_UNREACHABLE'],
    ['postgres://tester:secret-word@[broken', 'CONFIG_INVALID'],
  ])('keeps passwords out of the error when it cannot connect to %s', async (url, code) => {
    const real = createPostgres({ name: 'ledger', url: url.replace('HOST', new URL(postgres.url).host) });
    const failing = real.query('SELECT 1');
    await expect(failing).rejects.toMatchObject({ code });
    await expect(failing).rejects.toThrow(/^(?!.*(wrong-password|test-password|secret-word)).*$/s);
  });

  it('gives the stream back when its reader stops early', async () => {
    for await (const batch of source().stream('SELECT n FROM generate_series(1, 20000) AS n')) {
      expect(batch).toHaveLength(5000);
      break;
    }
    const others = `SELECT count(*) AS n FROM pg_stat_activity
      WHERE application_name = 'countersign' AND pid <> pg_backend_pid()`;
    await expect.poll(async () => (await source().query(others)).rows[0]?.['n']).toBe('0');
  });
});
