import { describe, expect, it } from 'vitest';
import type { LintContext } from '../define.ts';
import { startLedgerApi } from './fixtures/ledger-api.ts';
import { apiColumns, contextFor, measure } from './fixtures/setup.ts';
import type { ReconcileOptions, SideOptions } from './options.ts';
import reconcile from './reconcile.ts';

const api: SideOptions = { api: { path: '/rows', rows: '', paging: 'none' }, columns: apiColumns };
const good: ReconcileOptions = { left: api, right: api };

async function lint(change: Partial<ReconcileOptions>): Promise<string[]> {
  const found: string[] = [];
  const context: LintContext = {
    root: '.',
    environment: undefined,
    report: (path, message) => void found.push(`${path.join('.')}: ${message}`),
  };
  await reconcile.lint?.({ ...good, ...change }, context);
  return found;
}

const without = (...fields: ('at' | 'status')[]): SideOptions => {
  const columns = { ...apiColumns };
  for (const field of fields) delete columns[field];
  return { ...api, columns };
};

describe('lint of reconcile', () => {
  it('finds nothing wrong with plain options', async () => {
    expect(await lint({})).toEqual([]);
  });

  it('wants exactly one of sql and api', async () => {
    expect(await lint({ left: { columns: apiColumns } })).toEqual(['left: a side has either `sql` or `api`']);
    expect(await lint({ right: { ...api, sql: { query: 'SELECT 1' } } })).toHaveLength(1);
  });

  it('refuses a page size that no parameter carries', async () => {
    const paging = { kind: 'page', param: 'page', limit: 10 } as const;
    expect(await lint({ left: { ...api, api: { path: '/rows', rows: '', paging } } })).toEqual([
      expect.stringContaining('limit_param'),
    ]);
  });

  it('refuses gross against net', async () => {
    const gross: SideOptions = { ...api, columns: { ...apiColumns, sign: 'gross' } };
    expect(await lint({ left: gross })).toEqual([expect.stringContaining('gross')]);
  });

  it('refuses a window, a status rule and an age rule over columns that are not declared', async () => {
    expect(await lint({ window: { from: '2026-11-01' }, right: without('at') })).toHaveLength(1);
    expect(await lint({ ignore: [{ status: ['pending'], reason: 'r' }] })).toHaveLength(1);
    expect(await lint({ ignore: [{ younger_than: '5m', reason: 'r' }], left: without('at') })).toHaveLength(
      1,
    );
    expect(await lint({ ignore: [{ reason: 'r' }] })).toEqual([expect.stringContaining('names no rows')]);
  });

  it('refuses unknown zones, words that are debit and credit at once, and templates that nothing fills', async () => {
    expect(await lint({ window: { zone: 'Mars/Olympus' } })).toHaveLength(1);
    const both: SideOptions = {
      ...api,
      columns: { ...apiColumns, sign: { column: 'type', debit: ['x'], credit: ['x'] } },
    };
    expect(await lint({ left: both })).toHaveLength(1);
    const template: SideOptions = { ...api, api: { path: '/${nothing}', rows: '', paging: 'none' } };
    expect(await lint({ left: template })).toHaveLength(1);
  });

  it('stops a run for the same reasons', async () => {
    await expect(measure({ ...good, left: { columns: apiColumns } }, contextFor({}))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});

describe('rules that leave rows out', () => {
  const body = (rows: { id: string; amount: number; status: string; date: string }[]) =>
    JSON.stringify(rows.map((row) => ({ ...row, type: 'credit' })));
  const old = '2026-11-20T09:00:00Z';

  async function run(left: string, right: string, change: Partial<ReconcileOptions>) {
    const server = await startLedgerApi((url) => ({ body: url.pathname === '/left' ? left : right }));
    const columns = { ...apiColumns, status: { column: 'status' } };
    const side = (path: string): SideOptions => ({ api: { path, rows: '', paging: 'none' }, columns });
    try {
      return await measure(
        { left: side('/left'), right: side('/right'), ...change },
        contextFor({ http: server.url }),
      );
    } finally {
      await server.close();
    }
  }

  it('count what a status rule ignores, on its side only', async () => {
    const posted = { id: 'a', amount: 100, status: 'posted', date: old };
    const pending = { id: 'b', amount: 900, status: 'pending', date: old };
    const facts = await run(body([posted, pending]), body([posted]), {
      ignore: [{ side: 'left', status: ['pending'], reason: 'not final at the bank' }],
    });
    expect(facts).toMatchObject({ breaks: 0, left: { rows: 1, ignored_rows: 1, ignored_minor: '900' } });
  });

  it('name the status when only one side has posted the row', async () => {
    const other = { id: 'x', amount: 5, status: 'posted', date: old };
    const facts = await run(
      body([other, { id: 'b', amount: 900, status: 'pending', date: old }]),
      body([other, { id: 'b', amount: 900, status: 'posted', date: old }]),
      { ignore: [{ status: ['pending'], reason: 'not final' }] },
    );
    expect(facts).toMatchObject({ breaks: 1, explained: true, difference_minor: '-900' });
    expect(facts.break_classes.status.count).toBe(1);
  });

  it('ignore late arrivals by age at the start, never older ones', async () => {
    // the clock of the test context stands at 08:30
    const row = (id: string, date: string) => ({ id, amount: 100, status: 'posted', date });
    const seen = row('seen', old);
    const late = row('late', '2026-11-25T08:26:00Z');
    const missed = row('missed', '2026-11-25T08:20:00Z');
    const facts = await run(body([seen, late, missed]), body([seen]), {
      ignore: [{ younger_than: '5m', reason: 'the importer runs every five minutes' }],
    });
    expect(facts.first_breaks.map((each) => each.key)).toEqual(['missed']);
    expect(facts.left).toMatchObject({ rows: 2, ignored_rows: 1 });
  });

  it('that leave nothing over are an error, not agreement', async () => {
    const pending = body([{ id: 'b', amount: 900, status: 'pending', date: old }]);
    const ignore = [{ status: ['pending'], reason: 'r' }];
    await expect(run(pending, pending, { ignore })).rejects.toMatchObject({
      code: 'NO_DATA',
      message: expect.stringContaining('ignored'),
    });
  });
});
