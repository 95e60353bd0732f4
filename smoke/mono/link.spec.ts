import { randomUUID } from 'node:crypto';
import { expectNoSecrets } from '../fixtures/expect-private.ts';
import { expect, test } from '../fixtures/test.ts';
import { banking } from './banking.ts';

const link = `${banking}/mono/link`;
const session = {
  customer: { name: 'Smoke Test', email: 'smoke@example.com' },
  scope: 'auth',
  redirect_url: 'https://example.com/back',
};

test('a link session opens with an address for the customer', { tag: ['@mono', '@writes'] }, async ({
  as,
}) => {
  const ref = `smoke-${randomUUID()}`;
  const answer = await (await as('SYSTEM_INTEGRATOR')).post(link, { data: { ...session, meta: { ref } } });
  expect(answer.status()).toBe(201);
  const { data } = await answer.json();
  expect(data).toMatchObject({ reference: ref, status: 'pending', session_id: expect.any(String) });
  expect(() => new URL(data.mono_url)).not.toThrow();
  expect(Date.parse(data.expires_at)).toBeGreaterThan(Date.now());
  await expectNoSecrets(answer);
});

test('a link session is refused with what is missing named', { tag: ['@mono', '@readonly'] }, async ({
  as,
}) => {
  const integrator = await as('SYSTEM_INTEGRATOR');
  const refused = [
    [{ scope: 'auth' }, 'Missing required fields: customer, scope, redirect_url'],
    [{ ...session, redirect_url: 'http://example.com' }, 'redirect_url must be https'],
    [{ ...session, scope: 'everything' }, 'scope must be "auth"'],
  ] as const;
  for (const [data, message] of refused) {
    const answer = await integrator.post(link, { data });
    expect(answer.status()).toBe(400);
    expect((await answer.json()).error.message).toBe(message);
  }
});
