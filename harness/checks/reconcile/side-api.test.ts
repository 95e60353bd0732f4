import { afterEach, describe, expect, it } from 'vitest';
import type { TestContext } from '../../testing/context.ts';
import { type LedgerApi, type Serve, servePage, startLedgerApi } from './fixtures/ledger-api.ts';
import { apiColumns, contextFor, measure, paging } from './fixtures/setup.ts';
import type { ApiOptions, Columns, ReconcileOptions } from './options.ts';

const started: LedgerApi[] = [];

afterEach(async () => {
  for (const api of started.splice(0)) await api.close();
});

const columns: Columns = {
  key: 'id',
  amount: 'amount',
  unit: 'minor',
  sign: 'signed',
  currency: { constant: 'NGN' },
};
const row = (n: number, amount: number | string = n * 100) => `{"id":"tx-${n}","amount":${amount}}`;
const newestFirst = (count: number) => Array.from({ length: count }, (_, n) => row(count - n));

/** An API served by `serve` against one that serves `books` without any trick. */
async function against(
  serve: Serve,
  books: readonly string[],
  change: { api?: Partial<ApiOptions>; columns?: Columns; options?: Partial<ReconcileOptions> } = {},
) {
  const [tricky, honest] = [
    await startLedgerApi(serve),
    await startLedgerApi((url) => servePage(url, books)),
  ];
  started.push(tricky, honest);
  const context = contextFor({ http: tricky.url });
  const bank = await context.sources.http();
  const table = await contextFor({ http: honest.url }).sources.http();
  Object.assign(context, { sources: { http: async (name?: string) => (name === 'books' ? table : bank) } });
  const options: ReconcileOptions = {
    left: {
      name: 'bank',
      api: { path: '/rows', rows: '/data', paging: { ...paging, limit: 10 }, ...change.api },
      columns: change.columns ?? columns,
    },
    right: {
      name: 'books',
      api: { source: 'books', path: '/rows', rows: '/data', paging },
      columns: change.columns ?? columns,
    },
    ...change.options,
  };
  return { tricky, context, run: () => measure(options, context as TestContext) };
}

async function refusal(run: () => Promise<unknown>): Promise<{ code: string; message: string }> {
  return run().then(
    () => expect.unreachable('it measured'),
    (error) => error,
  );
}

describe('numbers in JSON', () => {
  it('stay exact beyond 2^53', async () => {
    const big = '9007199254740993';
    const { run } = await against((url) => servePage(url, [row(1, big)]), [row(1, '9007199254740992')]);
    const facts = await run();
    expect(facts).toMatchObject({
      breaks: 1,
      explained: true,
      difference_minor: '1',
      left: { total_minor: big },
    });
  });

  it.each(['1500.5', '1500.0', '1e3', 'null', '"NaN"', 'true', '{}'])(
    'refuse %s as an amount of minor units',
    async (amount) => {
      const { run } = await against((url) => servePage(url, [row(1), row(2, amount)]), [row(1)]);
      expect(await refusal(run)).toMatchObject({
        code: 'SOURCE_ANSWER',
        message: expect.stringContaining('tx-2'),
      });
    },
  );

  it('refuse a row without an amount, and NaN, which is no JSON', async () => {
    const missing = await against((url) => servePage(url, ['{"id":"tx-9"}']), [row(1)]);
    expect((await refusal(missing.run)).message).toContain('tx-9');
    const nan = await against((url) => servePage(url, [row(1, 'NaN')]), [row(1)]);
    expect((await refusal(nan.run)).message).toContain('JSON');
  });

  it('may be major units, read digit by digit', async () => {
    const major: Columns = { ...columns, unit: 'major' };
    const { run } = await against(
      (url) => servePage(url, [row(1, '0.1'), row(2, '"0.20"')]),
      [row(1, '0.10'), row(2, '0.2')],
      {
        columns: major,
      },
    );
    expect(await run()).toMatchObject({ breaks: 0, left: { total_minor: '30' } });
  });
});

describe('pages that hold still', () => {
  it('may be shorter than asked for: the API caps them', async () => {
    const rows = newestFirst(45);
    const { run, tricky } = await against((url) => servePage(url, rows, 7), rows);
    expect(await run()).toMatchObject({ breaks: 0, left: { rows: 45, requests: 7 } });
    expect(tricky.asked).toHaveLength(7);
  });

  it('are asked of the source alone, whatever address `next` names', async () => {
    const { run, tricky } = await against((url) => servePage(url, newestFirst(25)), newestFirst(25));
    await run();
    expect(tricky.asked.map((url) => url.searchParams.get('page'))).toEqual(['1', '2', '3']);
  });

  it('without a total are read twice before they are believed', async () => {
    const bare = { kind: 'page', param: 'page', limit_param: 'limit', limit: 10 } as const;
    const { run, tricky } = await against((url) => servePage(url, newestFirst(25)), newestFirst(25), {
      api: { paging: bare },
    });
    const facts = await run();
    expect(facts.left).toMatchObject({
      rows: 25,
      snapshot: expect.stringContaining('readings 1 and 2 equal'),
    });
    expect(tricky.asked).toHaveLength(8);
  });

  it('may come by cursor', async () => {
    const pages = [newestFirst(4), [row(90), row(91)]];
    const serve: Serve = (url) => {
      const at = Number(url.searchParams.get('after') ?? '0');
      const next = at + 1 < pages.length ? `"${at + 1}"` : 'null';
      return { body: `{"data":[${pages[at]}],"next":${next}}` };
    };
    const cursor = { kind: 'cursor', param: 'after', next: '/next' } as const;
    const { run } = await against(serve, pages.flat(), { api: { paging: cursor } });
    expect(await run()).toMatchObject({ breaks: 0, left: { rows: 6, requests: 2 } });
  });

  it('are waited for when the API asks for a pause', async () => {
    const rows = newestFirst(12);
    const { run } = await against((url, request) => {
      return request === 2
        ? { status: 429, headers: { 'retry-after': '0' }, body: '{}' }
        : servePage(url, rows);
    }, rows);
    expect(await run()).toMatchObject({ breaks: 0, left: { rows: 12 } });
  });
});

describe('pages that drift', () => {
  it('are read again when a row arrives between two pages', async () => {
    const rows = newestFirst(30);
    const { run } = await against((url, request) => {
      if (request === 2) rows.unshift(row(31));
      return servePage(url, rows);
    }, newestFirst(31));
    expect(await run()).toMatchObject({
      breaks: 0,
      left: { rows: 31, snapshot: expect.stringContaining('reading 2') },
    });
  });

  it('are an error when rows arrive during every reading', async () => {
    const rows = newestFirst(30);
    const { run } = await against((url) => {
      rows.unshift(row(1_000 + rows.length));
      return servePage(url, rows);
    }, newestFirst(30));
    expect(await refusal(run)).toMatchObject({
      code: 'SOURCE_ANSWER',
      message: expect.stringContaining('total changed'),
    });
  });

  it('are never believed when the sort is unstable', async () => {
    const rows = newestFirst(40);
    const rotated = (by: number) => [...rows.slice(by % 40), ...rows.slice(0, by % 40)];
    const { run } = await against((url, request) => servePage(url, rotated(request * 7)), rows);
    expect(await refusal(run)).toMatchObject({
      code: 'SOURCE_ANSWER',
      message: expect.stringContaining('came twice'),
    });
  });

  it('are an error when the total promises more rows than the pages hold', async () => {
    const { run } = await against((url) => {
      const answer = servePage(url, newestFirst(20));
      return { ...answer, body: answer.body.replace('"total":20', '"total":25') };
    }, newestFirst(20));
    expect(await refusal(run)).toMatchObject({
      code: 'SOURCE_ANSWER',
      message: expect.stringContaining('25'),
    });
  });

  it('are an error when the API does not know the page parameter', async () => {
    const first = new URL('http://x.invalid/rows?limit=10&page=1');
    const { run } = await against(() => servePage(first, newestFirst(30)), newestFirst(30));
    expect(await refusal(run)).toMatchObject({
      code: 'SOURCE_ANSWER',
      message: expect.stringContaining('repeats page 1'),
    });
  });

  it('are an error when cursors go in a circle', async () => {
    const circle: Serve = (_url, request) => ({ body: `{"data":[${row(request)}],"next":"same"}` });
    const { run } = await against(circle, newestFirst(3), {
      api: { paging: { kind: 'cursor', param: 'after', next: '/next' } },
    });
    expect((await refusal(run)).message).toContain('circle');
  });

  it('are an error beyond the page cap', async () => {
    const { run } = await against((url) => servePage(url, newestFirst(50)), newestFirst(50), {
      api: { paging: { ...paging, limit: 10, max_pages: 3 } },
    });
    expect((await refusal(run)).message).toContain('more than 3 pages');
  });

  it('keep rows that the API truly serves twice, as duplicates', async () => {
    const rows = [row(1), row(2), row(3), row(1)];
    const { run } = await against((url) => servePage(url, rows), [row(1), row(2), row(3)], {
      api: { paging: { ...paging, limit: 2 } },
    });
    const facts = await run();
    expect(facts).toMatchObject({ breaks: 1, explained: true, difference_minor: '100' });
    expect(facts.break_classes.duplicate.count).toBe(1);
  });
});

describe('answers that are none', () => {
  it('are an error when the list is empty, unless that was declared', async () => {
    const empty = await against((url) => servePage(url, []), [row(1)]);
    expect(await refusal(empty.run)).toMatchObject({
      code: 'NO_DATA',
      message: expect.stringContaining('bank'),
    });
    const declared = await against((url) => servePage(url, []), [row(1)], {
      options: { allow_empty: 'left' },
    });
    expect(await declared.run()).toMatchObject({ breaks: 1, left: { rows: 0 } });
  });

  it.each([
    { status: 500, body: '{"error":"down"}' },
    { status: 404, body: '{}' },
    { status: 302, body: '' },
    { status: 200, body: '<html>login</html>' },
    { status: 200, body: '{"data":' },
    { status: 200, body: '{"data":{"id":1}}' },
    { status: 200, body: '7' },
    { status: 200, body: '{"data":[],"meta":{"total":"many"}}' },
  ])('are an error, never an empty list: %j', async (answer) => {
    const { run } = await against(() => answer, [row(1)], { options: { allow_empty: 'both' } });
    expect(await refusal(run)).toMatchObject({ code: 'SOURCE_ANSWER' });
  });
});

describe('columns of an API', () => {
  it('may lie deep in a row, by JSON pointer, and hold unix seconds', async () => {
    const deep: Columns = {
      ...apiColumns,
      key: '/meta/reference',
      amount: '/value/minor',
      sign: { column: '/value/direction', debit: ['D'], credit: ['C'] },
      type: { column: '/value/direction' },
      at: { column: 'created', format: 'unix' },
    };
    const rows = ['{"meta":{"reference":77},"value":{"minor":500,"direction":"D"},"created":1763629200}'];
    const { run } = await against((url) => servePage(url, rows), rows, { columns: deep });
    const facts = await run();
    expect(facts).toMatchObject({
      breaks: 0,
      left: { net_minor: '-500' },
      compared_by: ['key', 'amount', 'currency', 'type', 'at'],
    });
  });
});
