import { createHmac, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type APIRequestContext, type APIResponse, expect } from '@playwright/test';
import type { Open } from '../fixtures/accounts.ts';
import { setting } from '../fixtures/settings.ts';
import { until } from '../fixtures/until.ts';

/** A user that only this test knows, with an empty wallet. */
export interface Person {
  email: string;
  password: string;
  walletId: string;
  /** Requests with a token of theirs. */
  request: APIRequestContext;
}

export async function register(open: Open): Promise<Person> {
  const anybody = await open();
  const email = `smoke-${randomBytes(8).toString('hex')}@example.org`;
  const password = randomBytes(18).toString('base64url');
  const phone = `+228${randomInt(10_000_000, 99_999_999)}`;
  const data = { email, password, phone_e164: phone, country: 'TG' };
  const made = await untilNotBusy(() => anybody.post('/v1/auth/register', { data }));
  expect([200, 201], 'POST /v1/auth/register').toContain(made.status());
  const request = await logIn(open, email, password);
  const { wallets } = await (await request.get('/v1/wallets')).json();
  expect(wallets.length, 'wallets of somebody new').toBe(1);
  return { email, password, walletId: wallets[0].wallet_id, request };
}

export async function logIn(open: Open, email: string, password: string): Promise<APIRequestContext> {
  const anybody = await open();
  const answer = await untilNotBusy(() => anybody.post('/v1/auth/login', { data: { email, password } }));
  expect(answer.status(), 'POST /v1/auth/login').toBe(200);
  return open((await answer.json()).access_token);
}

/**
 * The service lets only a few log in or register at once, since each is much work. It is asked again when it says: each
 * try counts for the rate limit.
 */
export const untilNotBusy = (ask: () => Promise<APIResponse>): Promise<APIResponse> =>
  until('an answer that the service is not too busy for', async () => {
    const given = await ask();
    if (given.status() !== 503) return given;
    await pause(1000 * Number(given.headers()['retry-after'] ?? 1));
    return undefined;
  });

export const administrator = (open: Open): Promise<APIRequestContext> =>
  logIn(open, setting('SMOKE_PAYOUTS_ADMIN_EMAIL'), setting('SMOKE_PAYOUTS_ADMIN_PASSWORD'));

export const cashIn = '/v1/cash-in/mobile-money';
export const cashOut = '/v1/cash-out/mobile-money';

/** So much through TMoney or another, to a number that nobody has; under a new key, or a given one. */
export function order(
  { request, walletId }: Person,
  path: string,
  cents: number,
  { key = `smoke-${randomUUID()}`, provider = 'TMONEY' } = {},
): Promise<APIResponse> {
  const data = {
    wallet_id: walletId,
    amount_cents: cents,
    country: 'TG',
    provider,
    phone_e164: '+22890000003',
  };
  return request.post(path, { headers: { 'idempotency-key': key }, data });
}

export async function balanceOf({ request }: Person): Promise<number> {
  const { wallets } = await (await request.get('/v1/wallets')).json();
  return wallets[0].balance_cents;
}

export interface Payout {
  id: string;
  externalRef: string;
}

/** Puts 20.00 in and pays 1.00 out, through TMoney or another. */
export async function payOut(person: Person, provider?: string): Promise<Payout> {
  expect((await order(person, cashIn, 2000)).status(), 'the cash-in').toBe(200);
  const answer = await order(person, cashOut, 100, { ...(provider && { provider }) });
  expect(answer.status(), 'the cash-out').toBe(200);
  const { transaction_id: id, external_ref: externalRef } = await answer.json();
  return { id, externalRef };
}

export async function payoutOf({ request }: Person, { id }: Payout) {
  const answer = await request.get(`/v1/payouts/${id}`);
  expect(answer.status()).toBe(200);
  return answer.json();
}

/** The signature as TMoney would send it, of a body with this secret. */
export const signatureOf = (body: string, secret = setting('SMOKE_TMONEY_WEBHOOK_SECRET')) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

/** A webhook in the name of TMoney or another; without a signature where none is given. */
export async function callBack(
  open: Open,
  body: string,
  { signature = '', provider = 'TMONEY' },
): Promise<APIResponse> {
  const headers = { 'content-type': 'application/json', ...(signature && { 'x-signature': signature }) };
  return (await open()).post(`/v1/webhooks/${provider.toLowerCase()}`, { headers, data: body });
}
