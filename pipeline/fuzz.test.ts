import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signBody } from '#pipeline/mono/signature.ts';
import type { Role } from '#pipeline/runtime/auth.ts';
import type { RunningSimulator } from '#pipeline/simulators/mono/start.ts';
import { odd, oddDay, oddText, oneOfKeys } from '#pipeline/testing/odd-input.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import {
  type Answer,
  linkAccount,
  startService,
  startSimulator,
  type TestAccount,
  type TestService,
  testEnv,
} from '#pipeline/testing/service.ts';

const banking = '/api/v1/si/banking/open-banking';
const webhook = '/api/v1/webhooks/mono/integrations/mono/webhook';
const number = '0123456789';
const secrets = ['test_sk_simulator', 'sec_test_mono', 'a-secret-of-the-test-suite'];

let postgres: TestDatabase;
let simulator: RunningSimulator;
let service: TestService;
let account: TestAccount;

beforeAll(async () => {
  postgres = await startTestDatabase();
  simulator = await startSimulator();
  service = await startService(testEnv(await postgres.fresh(), simulator));
  await service.app.started;
  account = await linkAccount(service, 'acc_sandbox_123');
}, 120_000);

afterAll(async () => {
  await service?.close();
  await simulator?.close();
  await postgres?.stop();
});

/** What no input may bring about. */
function expectDecent({ status, body }: Answer): void {
  expect(status).toBeGreaterThanOrEqual(200);
  // A provider that refuses what we pass on is told as 502.
  if (status >= 500) expect(status).toBe(502);
  const text = JSON.stringify(body);
  expect(text).not.toMatch(/\bat .+\.(ts|js|mjs):\d+|node_modules|\/pipeline\//);
  for (const secret of secrets) expect(text).not.toContain(secret);
}

const syncBody = oneOfKeys({
  sync_config: fc.oneof(
    odd,
    oneOfKeys({
      account_db_id: fc.oneof(odd, fc.constant('ACCOUNT')),
      mono_account_id: odd,
      mode: fc.oneof(odd, fc.constantFrom('full', 'incremental')),
      start: odd,
      end: odd,
      page_limit: fc.oneof(odd, fc.integer({ min: 50, max: 1000 })),
    }),
    fc.record(
      { account_db_id: fc.constant('ACCOUNT'), start: oddDay, end: oddDay },
      { requiredKeys: ['account_db_id'] },
    ),
  ),
});
const linkBody = oneOfKeys({
  customer: fc.oneof(odd, oneOfKeys({ name: odd, email: odd })),
  scope: fc.oneof(odd, fc.constant('auth')),
  redirect_url: fc.oneof(odd, fc.constant('https://example.com')),
  meta: fc.oneof(odd, oneOfKeys({ ref: odd })),
});
/** Complete, so that it gets as far as the provider and the database. */
const wholeLinkBody = fc.record({
  customer: fc.record({ name: oddText, email: oddText }),
  scope: fc.constant('auth'),
  redirect_url: oddText.map((text) => `https://${text}`),
  meta: fc.record({ ref: oddText.map((text) => `reference-${text}`) }),
});
const flagBody = oneOfKeys({
  flag: fc.oneof(odd, fc.constantFrom('MONO_BACKOFF_FACTOR', 'MONO_TRANSACTIONS_ENABLED')),
  instance: fc.oneof(odd, fc.constant('another')),
  value: odd,
  reason: odd,
});

interface Target {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: fc.Arbitrary<string>;
  role: Role;
  body?: fc.Arbitrary<unknown>;
}

const at = (path: string) => fc.constant(path);
const under = (path: string) => oddText.map((text) => `${path}${encodeURIComponent(text.toWellFormed())}`);
const targets: Record<string, Target> = {
  sync: {
    method: 'POST',
    url: at(`${banking}/transactions/sync`),
    role: 'SYSTEM_INTEGRATOR',
    body: syncBody,
  },
  link: { method: 'POST', url: at(`${banking}/mono/link`), role: 'SYSTEM_INTEGRATOR', body: linkBody },
  'whole link': {
    method: 'POST',
    url: at(`${banking}/mono/link`),
    role: 'SYSTEM_INTEGRATOR',
    body: wholeLinkBody,
  },
  callback: {
    method: 'POST',
    url: at(`${banking}/mono/callback`),
    role: 'SYSTEM_INTEGRATOR',
    body: oneOfKeys({ code: odd, reference: odd }),
  },
  'known code': {
    method: 'POST',
    url: at(`${banking}/mono/callback`),
    role: 'SYSTEM_INTEGRATOR',
    body: fc.record({ code: fc.constant('CODE'), reference: oddText }),
  },
  events: {
    method: 'GET',
    url: under(`${banking}/transactions/runs/`).map((url) => `${url}/events`),
    role: 'SYSTEM_INTEGRATOR',
  },
  flags: { method: 'PUT', url: at('/api/v1/admin/flags'), role: 'ADMIN', body: flagBody },
  letters: { method: 'GET', url: under('/api/v1/admin/dead-letters?topic='), role: 'ADMIN' },
  'letters by state': { method: 'GET', url: under('/api/v1/admin/dead-letters?state='), role: 'ADMIN' },
  letter: { method: 'GET', url: under('/api/v1/admin/dead-letters/'), role: 'ADMIN' },
  retry: {
    method: 'POST',
    url: under('/api/v1/admin/dead-letters/').map((url) => `${url}/retry`),
    role: 'ADMIN',
    body: odd,
  },
  clear: { method: 'DELETE', url: under('/api/v1/admin/dead-letters?topic='), role: 'ADMIN' },
  'any path': { method: 'GET', url: under('/'), role: 'ADMIN' },
};

/** Values that only the running test knows stand in for themselves until the request is made. */
const filled = (body: unknown): string =>
  JSON.stringify(body ?? null)
    .replaceAll('"ACCOUNT"', JSON.stringify(account.accountId))
    .replaceAll('"CODE"', () => JSON.stringify(simulator.control.issueCode('acc_sandbox_123')));

const oddHeaders = fc.record(
  {
    'x-request-id': oddText,
    traceparent: oddText,
    'x-idempotency-key': oddText,
    'content-type': fc.constantFrom('text/plain', 'application/json; charset=utf-7', 'x'),
  },
  { requiredKeys: [] },
);
// Most requests come through to their route.
const headers = fc.oneof({ arbitrary: fc.constant({}), weight: 4 }, { arbitrary: oddHeaders, weight: 1 });

/** Node refuses to send others; what arrives over a socket is refused by its parser. */
const sendable = (given: object) =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      String(value).replace(/[^\t\x20-\x7e\x80-\xff]/g, ''),
    ]),
  );

describe('no input is answered with a failure of ours, a stack or a secret', () => {
  it.each(Object.entries(targets))(
    '%s',
    async (_name, { method, url, role, body = fc.constant(undefined) }) => {
      await fc.assert(
        fc.asyncProperty(url, body, headers, async (path, payload, extra) => {
          const json = { 'content-type': 'application/json', ...sendable(extra) };
          const answer = await service.call(method, path, {
            role,
            headers: json,
            ...(method === 'GET' || method === 'DELETE'
              ? { headers: sendable(extra) }
              : { body: filled(payload) }),
          });
          expectDecent(answer);
        }),
        { numRuns: 150 },
      );
    },
    60_000,
  );

  it('bodies that are no JSON, too large, or of a strange type', async () => {
    const bodies = [
      '{',
      '',
      '"',
      '[1,',
      '{"a":1}}',
      '{"__proto__":{"role":"ADMIN"}}',
      `{"meta":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
      'x'.repeat(1_100_000),
    ];
    for (const body of bodies) {
      for (const type of ['application/json', 'text/plain', 'multipart/form-data', '', 'a/b; c="']) {
        const answer = await service.call('POST', `${banking}/mono/link`, {
          body,
          headers: { 'content-type': type },
        });
        expectDecent(answer);
        expect(answer.status).toBeGreaterThanOrEqual(400);
      }
    }
  });

  it('paths that are none', async () => {
    for (const path of [
      '/%',
      `/%zz/${number}`,
      '//',
      '/api/v1/admin/dead-letters/%c0%af',
      `/${'a/'.repeat(2000)}`,
    ]) {
      const answer = await service.call('GET', path, { role: 'ADMIN' });
      expectDecent(answer);
      expect(JSON.stringify(answer.body)).not.toContain(number);
      expect(answer.body).toMatchObject({ success: false, error: { code: expect.any(String) } });
    }
  });

  it('webhooks, well signed', async () => {
    const news = fc.oneof(
      odd,
      oneOfKeys({
        event: fc.oneof(odd, fc.constant('mono.events.account_updated')),
        event_id: odd,
        timestamp: odd,
        data: fc.oneof(odd, oneOfKeys({ account: odd, id: odd })),
      }),
    );
    await fc.assert(
      fc.asyncProperty(news, oddText, async (payload, timestamp) => {
        const body = JSON.stringify(payload);
        const answer = await service.call('POST', webhook, {
          role: null,
          body,
          headers: {
            'content-type': 'application/json',
            'x-mono-signature': signBody('sec_test_mono', body),
            ...(timestamp.length > 40 && sendable({ 'x-mono-timestamp': timestamp })),
          },
        });
        expectDecent(answer);
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  it('and the log of all this holds no secret, no whole number and no failed request', () => {
    const text = service.lines.map((line) => JSON.stringify(line));
    for (const secret of secrets) expect(text.filter((line) => line.includes(secret))).toEqual([]);
    expect(text.filter((line) => line.includes(number))).toEqual([]);
    expect(service.lines.filter(({ event }) => event === 'request.failed')).toEqual([]);
  });
});
