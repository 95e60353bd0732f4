import { describe, expect, it } from 'vitest';
import { clientUnderTest, collect, rowsOf } from '#pipeline/mono/client/testing.ts';
import { transformTransaction } from '#pipeline/mono/transform.ts';
import { account, list, secretKey, useSimulator } from './contract-setup.ts';

/** What Mono documents, held by the simulator on one side and understood by the client on the other. */

const { call, get, url, control } = useSimulator();
const client = () => clientUnderTest({ baseUrl: url() }).client;

describe('basics', () => {
  it('says in every answer that it is a simulator', async () => {
    const answers = [await get(''), await call('/v2/none'), await call('/__sim/health')];
    expect(answers.map(({ headers }) => headers.get('x-simulator'))).toEqual(['mono', 'mono', 'mono']);
  });

  it('fact: authentication is the header mono-sec-key, without Bearer', async () => {
    expect((await get('')).status).toBe(200);
    const refused = await call(`/v2/accounts/${account}`, {
      headers: { 'mono-sec-key': '', authorization: `Bearer ${secretKey}` },
    });
    expect(refused).toMatchObject({ status: 401, body: { status: 'failed', data: null } });
  });

  it('fact: the v2 envelope has status, message, timestamp, data', async () => {
    const { body } = await call(`/v2/accounts/${account}`);
    expect(Object.keys(body).sort()).toEqual(['data', 'message', 'status', 'timestamp']);
    expect(body.status).toBe('successful');
    expect(new Date(String(body.timestamp)).toISOString()).toBe(body.timestamp);
  });

  it('fact: an unknown account is 404 "This account does not exist"', async () => {
    const refused = await get('', 'acc_unknown');
    expect(refused).toMatchObject({
      status: 404,
      body: { status: 'failed', message: 'This account does not exist' },
    });
    await expect(client().account('acc_unknown')).rejects.toMatchObject({ name: 'MonoNotFoundError' });
  });
});

describe('transactions', () => {
  it('fact: a row has exactly id, narration, amount, type, balance, date, category', async () => {
    for (const row of list(await get('limit=500'))) {
      const keys = ['amount', 'balance', 'category', 'date', 'id', 'narration', 'type'];
      expect(Object.keys(row).sort()).toEqual(keys);
      expect(row.id).toMatch(/^[0-9a-f]{24}$/);
      expect(row.date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  });

  it('fact: amounts are positive integers in kobo, the direction is in type', async () => {
    for (const row of list(await get('limit=500'))) {
      expect(Number.isSafeInteger(row.amount) && Number(row.amount) > 0).toBe(true);
      expect(['credit', 'debit']).toContain(row.type);
    }
  });

  it('fact: paging has exactly total, page, previous, next', async () => {
    const { body } = await get('limit=100&page=2');
    expect(body.meta).toEqual({
      total: 307,
      page: 2,
      previous: `https://api.withmono.com/v2/${account}/transactions?page=1`,
      next: `https://api.withmono.com/v2/${account}/transactions?page=3`,
    });
  });

  it('fact: the first page has no previous and the last has no next', async () => {
    expect((await get('limit=100')).body.meta).toMatchObject({ previous: null });
    const last = await get('limit=100&page=4');
    expect(last.body.meta).toMatchObject({ next: null });
    expect(list(last)).toHaveLength(7);
  });

  it('fact: the next link lacks /accounts/, so the client builds its own and still gets all rows', async () => {
    const rows = rowsOf(await collect(client().pages({ accountId: account, limit: 100 })));
    expect(rows).toEqual(list(await get('paginate=false')));
    expect(rows).toHaveLength(307);
  });

  it('fact: paginate=false is everything in one answer', async () => {
    const { body } = await get('paginate=false');
    expect(body).toMatchObject({
      status: 'successful',
      meta: { total: 307, page: 1, previous: null, next: null },
    });
    expect(body.data).toHaveLength(307);
  });

  it('fact: start and end are DD-MM-YYYY; the client takes YYYY-MM-DD and sends that', async () => {
    const wire = list(await get('start=01-11-2026&end=10-11-2026&limit=500'));
    const days = wire.map((row) => String(row.date).slice(0, 10));
    expect(wire.length).toBeGreaterThan(10);
    expect(days.every((day) => day >= '2026-11-01' && day <= '2026-11-10')).toBe(true);
    const window = { accountId: account, start: '2026-11-01', end: '2026-11-10', limit: 500 };
    expect(rowsOf(await collect(client().pages(window)))).toEqual(wire);
  });

  it('choice: YYYY-MM-DD is taken too, since one known client sends it', async () => {
    const [a, b] = [await get('start=2026-11-15'), await get('start=15-11-2026')];
    expect(list(a)).toEqual(list(b));
  });

  it.each(['start=2026/11/01', 'end=31-02-2026', 'type=refund', 'page=0', 'page=x', 'limit=0', 'limit=1.5'])(
    'fact: a bad parameter is 400 (%s)',
    async (query) => {
      expect(await get(query)).toMatchObject({ status: 400, body: { status: 'failed', data: null } });
    },
  );

  it('fact: narration filters by substring, type by direction, both reflected in total', async () => {
    const credits = await get('type=credit&limit=500');
    expect(list(credits).every((row) => row.type === 'credit')).toBe(true);
    expect(credits.body.meta).toMatchObject({ total: list(credits).length });
    const transfers = await get('narration=ADA%20STORES&limit=500');
    expect(list(transfers).length).toBeGreaterThan(0);
    expect(list(transfers).every((row) => String(row.narration).includes('ADA STORES'))).toBe(true);
  });

  it('fact: without available data an account answers 200 and an empty list', async () => {
    const id = 'acc_processing';
    expect(await get('', id)).toMatchObject({ status: 200, body: { data: [], meta: { total: 0 } } });
    expect(rowsOf(await collect(client().pages({ accountId: id, limit: 10 })))).toEqual([]);
  });

  it('fact: a PARTIAL account has transactions', async () => {
    expect(list(await get('', 'acc_partial'))).toHaveLength(20);
  });

  it('choice: newest first', async () => {
    const dates = list(await get('limit=500')).map((row) => String(row.date));
    expect(dates).toEqual(dates.toSorted().reverse());
  });

  it('gives rows that the transform accepts, to the kobo', async () => {
    const outcomes = list(await get('paginate=false')).map((row) =>
      transformTransaction(row, { currency: 'NGN' }),
    );
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    const naira = outcomes.map((outcome) => (outcome.ok ? outcome.row.amount : ''));
    const kobo = naira.reduce((sum, text) => sum + BigInt(text.replace('.', '')), 0n);
    expect(String(kobo)).toBe(control().stats().accounts[account]?.total_kobo);
  });
});
