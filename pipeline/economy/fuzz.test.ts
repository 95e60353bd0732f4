import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';
import { odd, oddText, oneOfKeys } from '#pipeline/testing/odd-input.ts';
import { purchaseFlag } from './flags.ts';
import { demo } from './seed.ts';

let economy: TestEconomy;

beforeAll(async () => {
  economy = await startEconomy();
  await economy.setFlag(purchaseFlag, true);
}, 120_000);

afterAll(() => economy?.stop());

interface Target {
  who: 'member' | 'admin';
  method: 'GET' | 'POST';
  url: fc.Arbitrary<string>;
  body?: fc.Arbitrary<unknown>;
}

const at = (path: string) => fc.constant(path);
const enclosing = (before: string, after = '') =>
  oddText.map((text) => `${before}${encodeURIComponent(text.toWellFormed())}${after}`);
const id = fc.oneof(odd, fc.constantFrom(demo.member.id, demo.admin.id));
const whole = fc.oneof(odd, fc.integer());
const moment = fc.oneof(
  odd,
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('1999-02-29T00:00:00Z', '2016-12-31T23:59:60Z', '2026-01-01T24:00:00Z'),
);

const targets: Record<string, Target> = {
  login: {
    who: 'member',
    method: 'POST',
    url: at('/api/auth/login/'),
    body: oneOfKeys({ username: fc.constantFrom<unknown>(7, null, ''), password: odd }),
  },
  history: { who: 'member', method: 'GET', url: enclosing('/api/transactions?page=') },
  'page size': { who: 'member', method: 'GET', url: enclosing('/api/transactions?page_size=') },
  export: { who: 'member', method: 'GET', url: enclosing('/api/transactions/export/?format=') },
  purchase: {
    who: 'member',
    method: 'POST',
    url: fc.constantFrom('/api/shop/purchase/', '/api/shop/holds/'),
    body: oneOfKeys({ item_id: whole, quantity: whole }),
  },
  capture: { who: 'member', method: 'POST', url: enclosing('/api/shop/holds/', '/capture/'), body: odd },
  sanction: {
    who: 'admin',
    method: 'POST',
    url: at('/api/moderation/sanctions/'),
    body: oneOfKeys({
      user_id: id,
      kind: fc.oneof(odd, fc.constantFrom('ban', 'mute')),
      scope: fc.oneof(odd, fc.constant('global')),
      reason: oddText,
      starts_at: moment,
      ends_at: moment,
    }),
  },
  'whole sanction': {
    who: 'admin',
    method: 'POST',
    url: at('/api/moderation/sanctions/'),
    body: fc.record({
      user_id: fc.constant(demo.admin.id),
      kind: fc.constant('mute'),
      reason: oddText,
      starts_at: moment,
      ends_at: moment,
    }),
  },
  sanctions: { who: 'admin', method: 'GET', url: enclosing('/api/moderation/sanctions/?user_id=') },
  revoke: {
    who: 'admin',
    method: 'POST',
    url: enclosing('/api/moderation/sanctions/', '/revoke/'),
    body: odd,
  },
  post: {
    who: 'admin',
    method: 'POST',
    url: fc.oneof(
      at(`/api/admin/wallets/${demo.member.id}/transactions/`),
      enclosing('/api/admin/wallets/', '/transactions/'),
    ),
    body: oneOfKeys({ amount: fc.oneof(whole, fc.maxSafeInteger()), reason: oddText }),
  },
  refund: {
    who: 'admin',
    method: 'POST',
    url: enclosing('/api/admin/purchases/', '/refund/'),
    body: oneOfKeys({ amount: whole }),
  },
  revenue: { who: 'admin', method: 'GET', url: enclosing('/api/admin/revenue/summary/?start_date=') },
  'revenue of days': {
    who: 'admin',
    method: 'GET',
    url: fc
      .tuple(
        fc.integer({ min: 0, max: 9999 }),
        fc.integer({ min: 0, max: 99 }),
        fc.integer({ min: 0, max: 99 }),
      )
      .map((parts) => parts.map((part, index) => String(part).padStart(index === 0 ? 4 : 2, '0')).join('-'))
      .map((day) => `/api/admin/revenue/summary/?end_date=${day}`),
  },
  users: { who: 'admin', method: 'GET', url: enclosing('/admin/auth/user/?page=') },
};

describe('D1: no input is answered with a failure of ours or a stack', () => {
  it.each(Object.entries(targets))(
    'D1: %s',
    async (_name, { who, method, url, body }) => {
      await fc.assert(
        fc.asyncProperty(url, body ?? fc.constant(undefined), async (path, payload) => {
          const headers = { 'idempotency-key': `f-${Math.random()}` };
          const sent = method === 'POST' && { body: JSON.stringify(payload ?? null) };
          const json = method === 'POST' && { 'content-type': 'application/json' };
          const answer = await economy.as(who, method, path, { headers: { ...headers, ...json }, ...sent });
          expect(answer.status).toBeLessThan(500);
          expect(JSON.stringify(answer.body)).not.toMatch(/\bat .+\.(ts|js):\d+|node_modules/);
        }),
        { numRuns: 100 },
      );
    },
    60_000,
  );
});
