import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientUnderTest, collect, rowsOf } from '#pipeline/mono/client/testing.ts';
import { transformTransaction } from '#pipeline/mono/transform.ts';
import { type RunningSimulator, startMonoSimulator } from './start.ts';

/** What Mono documents, held by the simulator on one side and understood by the client on the other. */

const account = 'acc_sandbox_123';
const secretKey = 'test_sk_simulator';
let simulator: RunningSimulator;
let now = new Date('2026-11-22T06:00:00.000Z');

beforeAll(async () => {
  const accounts = [
    { id: account, rows: 307, name: 'ADA STORES', accountNumber: '0123456789' },
    { id: 'acc_processing', rows: 20, dataStatus: 'PROCESSING' as const },
    { id: 'acc_partial', rows: 20, dataStatus: 'PARTIAL' as const },
  ];
  simulator = await startMonoSimulator({ accounts, loginAccount: account, now: () => now });
});
afterAll(() => simulator.close());
beforeEach(() => simulator.control.reset());

type Json = Record<string, unknown>;
interface Seen {
  status: number;
  headers: Headers;
  body: Json;
}

async function call(
  path: string,
  init: RequestInit & { headers?: Record<string, string> } = {},
): Promise<Seen> {
  const headers = { 'mono-sec-key': secretKey, ...init.headers };
  const response = await fetch(simulator.url + path, { ...init, headers });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Json };
}

const get = (query: string, id = account) => call(`/v2/accounts/${id}/transactions?${query}`);
const send = (path: string, body: Json) =>
  call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
const list = (seen: Seen) => seen.body.data as Json[];
const client = () => clientUnderTest({ baseUrl: simulator.url }).client;

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
    expect(String(kobo)).toBe(simulator.control.stats().accounts[account]?.total_kobo);
  });
});

describe('account', () => {
  it('fact: data holds account, customer, meta with data_status and retrieved_data', async () => {
    const { body } = await call(`/v2/accounts/${account}`);
    expect(body.data).toMatchObject({
      account: {
        id: account,
        account_number: '0123456789',
        currency: 'NGN',
        bvn: expect.stringMatching(/^\d{4}$/),
        institution: { name: expect.any(String), bank_code: expect.any(String), type: expect.any(String) },
      },
      customer: { id: expect.any(String) },
      meta: { data_status: 'AVAILABLE', retrieved_data: ['identity', 'balance', 'transactions'] },
    });
    const known = await client().account(account);
    expect(known).toMatchObject({ id: account, maskedAccountNumber: '******6789', dataStatus: 'AVAILABLE' });
  });

  it('fact: balance has id, name, account_number, balance, currency, and is that of the newest row', async () => {
    const { body } = await call(`/v2/accounts/${account}/balance`);
    const [newest] = list(await get('limit=1'));
    const keys = ['account_number', 'balance', 'currency', 'id', 'name'];
    expect(Object.keys(body.data as Json).sort()).toEqual(keys);
    expect(body.data).toMatchObject({ balance: newest?.balance });
  });

  it('has an identity', async () => {
    const { body } = await call(`/v2/accounts/${account}/identity`);
    expect(body.data).toMatchObject({ full_name: 'ADA STORES' });
  });

  it.each(['x-realtime', 'x-real-time'])(
    'fact: %s adds x-has-new-data, x-job-id, x-job-status',
    async (header) => {
      const { headers } = await call(`/v2/accounts/${account}/balance`, { headers: { [header]: 'true' } });
      expect(headers.get('x-has-new-data')).toMatch(/^(true|false)$/);
      expect(headers.get('x-job-status')).toBe('finished');
      const job = await call(`/v2/accounts/${account}/jobs/${headers.get('x-job-id')}`);
      expect(job.body.data).toMatchObject({ id: headers.get('x-job-id'), status: 'finished', account });
    },
  );

  it('fact: within five minutes a real-time request answers with the same job', async () => {
    const job = async () =>
      (await call(`/v2/accounts/${account}`, { headers: { 'x-realtime': 'true' } })).headers.get('x-job-id');
    const first = await job();
    now = new Date(now.getTime() + 5 * 60_000 - 1);
    expect(await job()).toBe(first);
    now = new Date(now.getTime() + 1);
    expect(await job()).not.toBe(first);
  });

  it('fact: an unlinked account is gone', async () => {
    const unlinked = await send(`/v2/accounts/${account}/unlink`, {});
    expect(Object.keys(unlinked.body).sort()).toEqual(['message', 'status']);
    expect((await get('')).status).toBe(404);
  });
});

describe('link', () => {
  const customer = { name: 'Ada', email: 'ada@example.com' };
  const input = { redirectUrl: 'https://app.example/back', reference: 'ref_0123456789' };

  it('fact: a link answers mono_url, customer id, meta.ref, scope, redirect_url, created_at', async () => {
    const { body } = await send('/v2/accounts/initiate', {
      scope: 'auth',
      customer,
      redirect_url: input.redirectUrl,
      meta: { ref: input.reference },
    });
    expect(body.data).toEqual({
      mono_url: expect.stringMatching(/^https:\/\/link\.mono\.co\/AL/),
      customer: expect.any(String),
      meta: { ref: input.reference },
      scope: 'auth',
      redirect_url: input.redirectUrl,
      created_at: expect.any(String),
    });
  });

  it('fact: a reauthorisation also answers account, institution, auth_method', async () => {
    const body = { scope: 'reauth', account, redirect_url: input.redirectUrl };
    const { data } = (await send('/v2/accounts/initiate', body)).body;
    expect(data).toMatchObject({ account, institution: expect.any(String), auth_method: expect.any(String) });
  });

  it.each([
    {},
    { scope: 'auth', customer },
    { scope: 'auth', redirect_url: 'https://x.example' },
    { scope: 'reauth' },
  ])('fact: a missing field is 400 (%j)', async (body) => {
    expect(await send('/v2/accounts/initiate', body)).toMatchObject({
      status: 400,
      body: { status: 'failed' },
    });
  });

  it('is understood by the client', async () => {
    const wanted = { reference: input.reference, monoUrl: expect.stringContaining('link.mono.co') };
    expect(await client().initiate({ customer, ...input })).toMatchObject(wanted);
    expect(await client().initiate({ accountId: account, ...input })).toMatchObject(wanted);
  });

  it('fact: a sandbox session and the login user_good / 123456 give a code', async () => {
    const customer = { username: 'user_good', password: '123456' };
    const login = (session: string, body: Json) =>
      call('/v2/connect/login', {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', 'x-session-id': session },
      });
    const session = async () => String(((await send('/v2/connect/session', {})).body.data as Json).id);
    const { body } = await login(await session(), customer);
    expect(await client().exchangeCode(String((body.data as Json).code))).toEqual({ id: account });
    expect((await login(await session(), { ...customer, password: 'guess' })).status).toBe(401);
    expect((await login('session_made_up', customer)).status).toBe(400);
  });

  it('fact: a code lives ten minutes and gives the permanent account id', async () => {
    const code = simulator.control.issueCode(account);
    expect(await client().exchangeCode(code)).toEqual({ id: account });
    await expect(client().exchangeCode(code)).rejects.toMatchObject({ status: 400 });
    const late = simulator.control.issueCode(account);
    now = new Date(now.getTime() + 10 * 60_000);
    await expect(client().exchangeCode(late)).rejects.toMatchObject({ status: 400 });
  });
});
