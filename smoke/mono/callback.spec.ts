import { randomUUID } from 'node:crypto';
import { expectNoPersonalData, expectNoSecrets } from '../fixtures/expect-private.ts';
import { expect, test } from '../fixtures/test.ts';
import { banking } from './banking.ts';

const callback = `${banking}/mono/callback`;
const simulator = process.env['SMOKE_MONO_SIMULATOR_URL'];

test('a code links the account of its session', { tag: ['@mono', '@writes'] }, async ({ as, request }) => {
  test.skip(!simulator, 'only the widget in a person’s browser gives a code here');
  const integrator = await as('SYSTEM_INTEGRATOR');
  const reference = `smoke-${randomUUID()}`;
  const customer = { name: 'Smoke Test', email: 'smoke@example.com' };
  const linked = await integrator.post(`${banking}/mono/link`, {
    data: { customer, scope: 'auth', redirect_url: 'https://example.com/back', meta: { ref: reference } },
  });
  const { session_id } = (await linked.json()).data;
  const { code } = await (await request.post(`${simulator}/__sim/accounts/acc_sandbox_123/codes`)).json();
  const answer = await integrator.post(callback, { data: { code, reference } });
  expect(answer.status()).toBe(200);
  const { data } = await answer.json();
  expect(data).toMatchObject({ connection_id: session_id, status: 'active', account_id: expect.any(String) });
  await expectNoSecrets(answer);
  await expectNoPersonalData(answer);

  const again = await integrator.post(callback, { data: { code, reference } });
  expect(again.status(), 'a code works once').toBeGreaterThanOrEqual(400);
});

test('a callback without a code is refused', { tag: ['@mono', '@readonly'] }, async ({ as }) => {
  const answer = await (await as('SYSTEM_INTEGRATOR')).post(callback, { data: {} });
  expect(answer.status()).toBe(400);
  expect((await answer.json()).error.message).toBe('Missing required field: code');
});
