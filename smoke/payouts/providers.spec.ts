import { expect, test } from '../fixtures/test.ts';
import { until } from '../fixtures/until.ts';
import { cashIn, cashOut, order, type Person, payoutOf, register } from './people.ts';

/** What became of a payout through this provider; undefined where it was taken. */
async function refusalOf(person: Person, provider: string): Promise<string | undefined> {
  const made = await order(person, cashOut, 100, { provider });
  expect(made.status(), `the cash-out through ${provider}`).toBe(200);
  const { transaction_id: id, external_ref: externalRef } = await made.json();
  const { provider_ref: ref, status } = await until(`${provider} to take a payout`, async () => {
    const payout = await payoutOf(person, { id, externalRef });
    return payout.provider_ref !== null || payout.status === 'FAILED' ? payout : undefined;
  });
  return ref === null ? `${provider}: ${status}` : undefined;
}

test('each provider takes a payout', { tag: ['@payouts', '@writes'] }, async ({ open }) => {
  const person = await register(open);
  expect((await order(person, cashIn, 2000)).status(), 'the cash-in').toBe(200);
  const providers = ['TMONEY', 'FLOOZ', 'MOMO', 'THUNES'];
  const refusals = await Promise.all(providers.map((provider) => refusalOf(person, provider)));
  expect(refusals.filter(Boolean).join(), 'providers that took no payout').toBe('');
});
