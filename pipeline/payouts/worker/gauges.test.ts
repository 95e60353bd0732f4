import { afterAll, beforeAll, expect, it } from 'vitest';
import { payoutOf, startPayouts, type TestPayouts } from '#pipeline/testing/payouts.ts';

let payouts: TestPayouts;
beforeAll(async () => {
  payouts = await startPayouts({ DB_POOL_MAX: '2' });
}, 120_000);
afterAll(() => payouts?.stop());

async function seriesOf(name: string): Promise<Record<string, number>> {
  const lines = (await payouts.service.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(
    lines.map((line) => [line.slice(name.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

it('N10: what is open, and for how long, is told by state and provider, zero where there is nothing', async () => {
  const { walletId } = await payouts.person({ cents: 1000 });
  const { transaction_id: id } = await payoutOf(payouts.db, walletId, { provider: 'MOMO' });
  const open = await seriesOf('payout_open');
  expect(Object.keys(open)).toHaveLength(8);
  expect(open['{provider="MOMO",status="PENDING"}']).toBe(1);
  expect(open['{provider="TMONEY",status="SENT"}']).toBe(0);
  await payouts.db.query(
    `UPDATE app.mobile_money_payouts SET status = 'SENT', next_retry_at = now() - interval '10 minutes'
     WHERE transaction_id = $1`,
    [id],
  );
  expect((await seriesOf('payout_open'))['{provider="MOMO",status="SENT"}']).toBe(1);
  expect(
    (await seriesOf('payout_due_lag_seconds'))['{provider="MOMO",status="SENT"}'],
  ).toBeGreaterThanOrEqual(600);
  expect((await seriesOf('payout_oldest_open_seconds'))['{provider="MOMO",status="SENT"}']).toBeGreaterThan(
    0,
  );
});

it('N9, N10: it is told while the pool has no connection to give', async () => {
  const holding = Promise.withResolvers<void>();
  const hold = () => {
    const taken = Promise.withResolvers<void>();
    const done = payouts.db.transaction(async () => {
      taken.resolve();
      await holding.promise;
    });
    return { taken: taken.promise, done };
  };
  const held = [hold(), hold()];
  await Promise.all(held.map(({ taken }) => taken));
  expect(payouts.db.stats()).toMatchObject({ total: 2, idle: 0 });
  expect(Object.keys(await seriesOf('payout_open'))).toHaveLength(8);
  holding.resolve();
  await Promise.all(held.map(({ done }) => done));
});
