import { describe, expect, it } from 'vitest';
import { clientUnderTest } from '#pipeline/mono/client/testing.ts';
import { account, type Json, list, useSimulator } from './contract-setup.ts';

/** What Mono documents, held by the simulator on one side and understood by the client on the other. */

const { call, get, send, url, control, pass } = useSimulator();
const client = () => clientUnderTest({ baseUrl: url() }).client;

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
    pass(5 * 60_000 - 1);
    expect(await job()).toBe(first);
    pass(1);
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
    const code = control().issueCode(account);
    expect(await client().exchangeCode(code)).toEqual({ id: account });
    await expect(client().exchangeCode(code)).rejects.toMatchObject({ status: 400 });
    const late = control().issueCode(account);
    pass(10 * 60_000);
    await expect(client().exchangeCode(late)).rejects.toMatchObject({ status: 400 });
  });
});
