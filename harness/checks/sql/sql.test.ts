import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPostgres } from '../../sources/postgres.ts';
import { type TestContextOptions, testContext } from '../../testing/context.ts';
import { startPostgres, type TestPostgres } from '../../testing/postgres.ts';
import { kindContract } from '../contract.ts';
import sql from './sql.ts';

let postgres: TestPostgres;
let root: string;
beforeAll(async () => {
  postgres = await startPostgres();
  root = await mkdtemp(join(tmpdir(), 'countersign-sql-'));
});
afterAll(async () => {
  await postgres?.stop();
  await rm(root, { recursive: true });
});

function context(options: TestContextOptions = {}, url = postgres.url) {
  const source = async (name?: string) => createPostgres({ name: name ?? 'ledger', url });
  return testContext({ root, ...options, sources: { postgres: source } });
}

const measure = async (options: Parameters<typeof sql.measure>[0], used = context()) =>
  (await sql.measure(options, used)).facts;

describe('sql', () => {
  it('gives whole numbers as integers and decimals as exact text', async () => {
    const facts = await measure({
      query: `SELECT count(*) AS n, sum(a) AS minor, 0.10::numeric(18,2) AS amount, 9007199254740993 AS big,
        true AS yes, '{"n": 9007199254740993}'::jsonb AS document, NULL AS nothing,
        timestamptz '2026-11-25 09:30:00.5+01' AS at FROM (VALUES (1::int8), (2)) AS t(a)`,
    });
    expect(facts.row_count).toBe(1);
    expect(facts.first).toEqual({
      n: 2,
      minor: 3,
      amount: '0.10',
      big: '9007199254740993',
      yes: true,
      document: { n: '9007199254740993' },
      nothing: null,
      at: '2026-11-25T08:30:00.5Z',
    });
  });

  it('says that there were no rows, and gives no first one', async () => {
    expect(await measure({ query: 'SELECT 1 AS a WHERE false' })).toEqual({ row_count: 0, rows: [] });
  });

  it('hands templated parameters over apart from the query', async () => {
    const used = context({ needs: { smoke: { summary: { run: "a'; DROP TABLE x" } } } });
    const facts = await measure(
      { query: 'SELECT $1::text AS run, $2::int AS n', params: ['${needs.smoke.summary.run}', 3] },
      used,
    );
    expect(facts.first).toEqual({ run: "a'; DROP TABLE x", n: 3 });
    expect(used.artifacts.get('query.sql')).toContain('-- params: ["${needs.smoke.summary.run}",3]');
  });

  it('keeps the result as CSV', async () => {
    const used = context();
    await measure({ query: `SELECT 'a "b", c' AS x, NULL AS y, '' AS z` }, used);
    expect(used.artifacts.get('result.csv')).toBe('x,y,z\r\n"a ""b"", c",,""\r\n');
  });

  it('reads the query from a file of the project', async () => {
    await writeFile(join(root, 'count.sql'), 'SELECT 5 AS n;\n');
    expect((await measure({ file: 'count.sql' })).first).toEqual({ n: 5 });
    await expect(measure({ file: 'missing.sql' })).rejects.toMatchObject({ code: 'CONFIG_MISSING' });
  });

  it('refuses floats unless they are asked for', async () => {
    const query = 'SELECT 0.1::float8 AS ratio';
    await expect(measure({ query })).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
    expect((await measure({ query, allow_float: true })).first).toEqual({ ratio: 0.1 });
  });

  it.each(["SELECT 'NaN'::numeric AS n", "SELECT 'Infinity'::numeric AS n", "SELECT 'NaN'::float8 AS n"])(
    'is an error, not a fact: %s',
    async (query) => {
      await expect(measure({ query, allow_float: true })).rejects.toMatchObject({ code: 'NO_DATA' });
    },
  );

  it('refuses to judge a part of the rows', async () => {
    const query = 'SELECT n FROM generate_series(1, 11) AS n';
    await expect(measure({ query, max_rows: 10 })).rejects.toMatchObject({ code: 'EVIDENCE_TOO_LARGE' });
    expect((await measure({ query, max_rows: 11 })).row_count).toBe(11);
  });

  it('changes nothing', async () => {
    await expect(measure({ query: 'CREATE TABLE made (a int)' })).rejects.toMatchObject({
      code: 'SOURCE_ANSWER',
    });
  });

  it('reports a query with templates in it when linting', async () => {
    const found: string[] = [];
    const report = (path: readonly (string | number)[], message: string) =>
      void found.push(`${path.join('.')}: ${message}`);
    const lint = (options: Parameters<typeof sql.measure>[0]) =>
      sql.lint?.(options, { root, environment: undefined, report });
    await lint({ query: "SELECT '${run.id}'" });
    await lint({});
    await lint({ query: 'SELECT $1', params: ['${nope}'] });
    expect(found).toEqual([
      'query: a query holds no templates',
      ': give either `query` or `file`',
      'params.0: `${nope}` cannot be filled',
    ]);
  });
});

kindContract(sql, {
  working: {
    options: {
      query: 'SELECT $1::text AS echo, jsonb_build_object($1::text, $1::text) AS document',
      params: ['${secret.PLANTED}'],
    },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }),
  },
  hanging: {
    options: { query: 'SELECT pg_sleep(600), $1::text AS echo', params: ['${secret.PLANTED}'] },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }),
  },
  unreachable: {
    options: { query: 'SELECT 1 AS one' },
    makeContext: ({ secrets, signal, value }) =>
      context({ secrets, signal }, `postgres://tester:${value}@127.0.0.1:1/measured`),
  },
});

kindContract(sql, {
  working: {
    options: { query: 'SELECT 1 AS one' },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }),
  },
  unreachable: {
    options: { query: 'SELECT $1::int AS echo', params: ['${secret.PLANTED}'] },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }),
  },
});
