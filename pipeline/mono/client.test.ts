import nock from 'nock';
import { describe, expect, it } from 'vitest';
import {
  base,
  fetchAll,
  id,
  make,
  onePage,
  path,
  row,
  transactions,
  useNock,
  window,
} from './client/mocked-mono.ts';
import { collect, rowsOf } from './client/testing.ts';
import * as client from './client.ts';
import { callbackSecret, createTokenProvider } from './token-provider.ts';

useNock();

describe('a request', () => {
  it('sends the key, the app id and the window as the wire wants them', async () => {
    nock(base, { reqheaders: { 'mono-sec-key': 'test_sk_simulator', 'x-mono-app': 'app_01' } })
      .get(path)
      .query({ start: '01-11-2026', end: '20-11-2026', paginate: 'true', limit: '50', page: '1' })
      .reply(200, onePage);
    const pages = await collect(make().client.pages({ ...window, start: '2026-11-01', end: '2026-11-20' }));
    expect(pages).toMatchObject([{ page: 1, total: 1, transactions: [row] }]);
    expect(JSON.parse(pages[0]?.raw ?? '')).toEqual(onePage);
  });

  it('rebuilds the address of every page and never follows `next`', async () => {
    const next = 'https://evil.example/v2/x/transactions?page=7';
    const older = { ...row, id: 'older' };
    const meta = { total: 2, page: 1, previous: null, next };
    transactions().reply(200, { data: [row], meta });
    nock(base)
      .get(path)
      .query({ paginate: 'true', limit: '50', page: '2' })
      .reply(200, { data: [older], meta: { total: 2, page: 2, previous: null, next: null } });
    transactions().reply(200, { data: [row], meta });
    expect(rowsOf(await fetchAll())).toEqual([row, older]);
  });

  it.each([
    [
      'v1, `paging` beside `data`',
      { data: [{ ...row, _id: row.id }], paging: { total: 1, page: 1, next: '' } },
    ],
    ['interim v1, both inside `data`', { data: { transactions: [row], paging: { total: 1, page: 1 } } }],
    ['an empty list without paging', { data: [] }],
  ])('reads the shape of %s', async (_name, body) => {
    transactions().reply(200, body);
    expect(await fetchAll()).toHaveLength(1);
  });

  it.each(['../../v3', 'a/b', '', 'a?b', '..', 'a'.repeat(65)])(
    'refuses the account id %j',
    async (accountId) => {
      const pages = collect(make().client.pages({ accountId, limit: 1 }));
      await expect(pages).rejects.toMatchObject({ name: 'MonoRequestError', code: 'BAD_INPUT' });
    },
  );

  it.each([{ limit: 0 }, { limit: 1.5 }, { start: '20-11-2026' }, { end: '2026-02-30' }])(
    'refuses the window %j',
    async (change) => {
      const pages = collect(make().client.pages({ ...window, ...change }));
      await expect(pages).rejects.toMatchObject({ code: 'BAD_INPUT' });
    },
  );

  it('counts requests by template and waits by seconds', async () => {
    transactions().reply(200, onePage);
    const test = make({ rateLimiter: { take: async () => 1500 } });
    await collect(test.client.pages(window));
    expect(test.requests).toEqual(['GET /v2/accounts/{id}/transactions 200']);
    expect(test.waits).toEqual([1.5]);
  });
});

describe('the other calls', () => {
  it('exchanges a code for a bare id or one in `data`', async () => {
    nock(base).post('/v2/accounts/auth', { code: 'code_1' }).reply(200, { id });
    nock(base)
      .post('/v2/accounts/auth', { code: 'code_2' })
      .reply(200, { status: 'successful', data: { id } });
    const { client: mono } = make();
    expect(await mono.exchangeCode('code_1')).toEqual({ id });
    expect(await mono.exchangeCode('code_2')).toEqual({ id });
  });

  it('starts a link and a reauthorisation', async () => {
    const data = { mono_url: 'https://link.mono.co/ALX', customer: 'cus_1', meta: { ref: 'ref_0123456789' } };
    const common = { redirect_url: 'https://app.example/back', meta: { ref: 'ref_0123456789' } };
    const customer = { name: 'Ada', email: 'ada@example.com' };
    nock(base)
      .post('/v2/accounts/initiate', { scope: 'auth', customer, ...common })
      .reply(200, { data });
    nock(base)
      .post('/v2/accounts/initiate', { scope: 'reauth', account: id, ...common })
      .reply(200, { data });
    const { client: mono } = make();
    const input = { redirectUrl: 'https://app.example/back', reference: 'ref_0123456789' };
    const link = {
      monoUrl: data.mono_url,
      customerId: 'cus_1',
      reference: 'ref_0123456789',
      createdAt: null,
    };
    expect(await mono.initiate({ customer, ...input })).toEqual(link);
    expect(await mono.initiate({ accountId: id, ...input })).toEqual(link);
  });

  it('reads an account with its number masked', async () => {
    const account = { id, name: 'ADA', account_number: '0123456789', currency: 'NGN', balance: 98000000 };
    const meta = { data_status: 'PARTIAL', retrieved_data: ['balance'] };
    nock(base).get(`/v2/accounts/${id}`).reply(200, { data: { account, meta } });
    const known = await make().client.account(id);
    expect(known).toMatchObject({
      maskedAccountNumber: '******6789',
      balance: 98000000n,
      dataStatus: 'PARTIAL',
    });
  });

  it.each([500, 503])('does not repeat a POST that was answered %i', async (status) => {
    nock(base).post('/v2/accounts/auth').reply(status);
    const test = make();
    await expect(test.client.exchangeCode('c')).rejects.toMatchObject({ name: 'MonoUpstreamError', status });
    expect(test.requests).toEqual([`POST /v2/accounts/auth ${status}`]);
  });

  it('repeats a POST that was turned away with 429', async () => {
    nock(base).post('/v2/accounts/auth').reply(429).post('/v2/accounts/auth').reply(200, { id });
    expect(await make().client.exchangeCode('c')).toEqual({ id });
  });
});

describe('error classes', () => {
  it('are a closed list, each named after itself', () => {
    const named = Object.entries(client).filter(
      ([name]) => /^Mono.+Error$/.test(name) && name !== 'MonoError',
    );
    const names = named.map(([, value]) => new (value as typeof client.MonoAuthError)('SHAPE', 'x').name);
    expect(names.sort()).toEqual([...client.monoErrorClasses].sort());
    expect(named.map(([name]) => name).sort()).toEqual(names);
  });

  it('come also without any metrics', async () => {
    transactions().reply(404);
    const mono = client.createMonoClient({
      baseUrl: `${base}/`,
      token: createTokenProvider({ load: callbackSecret('the test', async () => 'test_sk') }),
      appId: '',
      rateLimiter: { take: async () => 0 },
      maxPages: 1,
      maxBodyBytes: 1000,
      timeoutMs: 1000,
      retries: 0,
      backoffFactor: () => 1,
    });
    await expect(collect(mono.pages(window))).rejects.toBeInstanceOf(client.MonoNotFoundError);
  });
});
