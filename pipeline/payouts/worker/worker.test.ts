import { describe, expect, it } from 'vitest';
import { deposit, usePayoutWorker, workerSettings } from '#pipeline/testing/payout-worker.ts';
import { fundedWallet, payoutOf } from '#pipeline/testing/payouts.ts';
import { fail, makeDue, reopen } from '../payouts.ts';
import type { PayoutProvider } from '../providers/provider.ts';
import { claimDue } from './claim.ts';
import { processPayout } from './process.ts';
import { backoffOf } from './settings.ts';
import { createPayoutWorker } from './worker.ts';

const { parts, newPayout, read, step, nextStep, paid, balance, secondsAhead } = usePayoutWorker();

describe('a payout whose outcome is not known', () => {
  it('is not sent again while what was sent may still arrive, whoever asks for a retry', async () => {
    parts.simulator.control.addFault({ kind: 'drop', provider: 'FLOOZ', occasion: 'submit', calls: 1 });
    const payout = await newPayout('FLOOZ');
    await step(payout);
    await makeDue(parts.db, payout.transaction_id);
    expect(await step(payout)).toMatchObject({ status: 'SENT', attempt_count: 1 });
    expect(await secondsAhead(payout)).toBeGreaterThan(30);
    expect(await nextStep(payout)).toMatchObject({ attempt_count: 2 });
  });

  it('is not sent again on the word of a proxy', async () => {
    parts.simulator.control.addFault({ kind: 'cut', provider: 'FLOOZ', occasion: 'submit', calls: 1 });
    parts.simulator.control.addFault({ kind: 'html_error', provider: 'FLOOZ', occasion: 'find', calls: 1 });
    const payout = await newPayout('FLOOZ');
    await step(payout);
    expect(await nextStep(payout)).toMatchObject({ attempt_count: 1, last_error: 'HTTP_404' });
    expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED', attempt_count: 1 });
  });

  it('is asked for where a worker died between writing down the attempt and its outcome', async () => {
    const payout = await newPayout('FLOOZ');
    const dying = Object.assign(Object.create(parts.db), {
      query: (text: string, values: unknown[]) =>
        text.includes("status = 'SENT'") ? Promise.reject(new Error('killed')) : parts.db.query(text, values),
    });
    const [claimed] = await claimDue(parts.db, { provider: 'FLOOZ', limit: 1, leaseMs: 1000 });
    if (!claimed) throw new Error('nothing was due');
    await expect(processPayout({ ...parts.deps, db: dying }, claimed)).rejects.toThrow('killed');
    await parts.simulator.control.idle();
    expect(await read(payout)).toMatchObject({ status: 'PENDING', attempt_count: 1, provider_ref: null });
    expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED', attempt_count: 1 });
    expect(paid(payout)).toHaveLength(1);
  });

  it('waits where the provider does not know the reference any more that it gave', async () => {
    const payout = await newPayout('TMONEY');
    await step(payout);
    await parts.db.query(
      "UPDATE app.mobile_money_payouts SET provider_ref = 'gone' WHERE transaction_id = $1",
      [payout.transaction_id],
    );
    expect(await nextStep(payout)).toMatchObject({ status: 'SENT', last_error: 'REFERENCE_UNKNOWN' });
    expect(await balance()).toBe(deposit - 1000n);
  });
});

describe('claims', () => {
  it('two workers send each of many payouts once', async () => {
    const { walletId: rich } = await fundedWallet(parts.db, 10_000_000n);
    for (let n = 0; n < 60; n += 1) {
      await payoutOf(parts.db, rich, {
        provider: 'FLOOZ',
        amountCents: 100n,
        phone: `+22890${100000 + n}`,
      });
    }
    const workers = [1, 2, 3].map(() => createPayoutWorker(parts.deps));
    const taken = await Promise.all(workers.map((each) => each.processOnce()));
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(60);
    const phones = parts.simulator.control
      .book()
      .flatMap(({ phone }) => (phone.startsWith('228901000') ? [phone] : []));
    expect(new Set(phones).size).toBe(60);
    expect(phones).toHaveLength(60);
  });

  it('one that has been taken over sends nothing and writes nothing', async () => {
    const payout = await newPayout('FLOOZ');
    const order = { provider: 'FLOOZ', limit: 1, leaseMs: 0 } as const;
    const [stale] = await claimDue(parts.db, order);
    const [fresh] = await claimDue(parts.db, order);
    if (!stale || !fresh) throw new Error('it was not due');
    await processPayout(parts.deps, stale);
    expect(parts.attempts).toEqual([]);
    await processPayout(parts.deps, fresh);
    expect(await read(payout)).toMatchObject({ status: 'SENT', attempt_count: 1 });
  });

  it('a payout that cannot be processed stops no other', async () => {
    const real = parts.deps.providers.get('MOMO');
    if (!real) throw new Error('no MoMo');
    const [poison, other] = [await newPayout('MOMO'), await newPayout('MOMO')];
    const momo: PayoutProvider = {
      ...real,
      submit: (order, signal) =>
        order.reference === poison.external_ref
          ? Promise.reject(new TypeError('bug'))
          : real.submit(order, signal),
    };
    await step(other, { providers: new Map([['MOMO', momo]]) });
    expect(await read(other)).toMatchObject({ status: 'SENT', attempt_count: 1 });
    expect(await read(poison)).toMatchObject({ status: 'PENDING', last_error: 'INTERNAL_ERROR' });
  });
});

describe('flags', () => {
  it('a paused provider is left alone, the others are not', async () => {
    const [paused, other] = [await newPayout('THUNES'), await newPayout('MOMO')];
    await step(other, { isPaused: (provider) => provider === 'THUNES' });
    expect(await read(other)).toMatchObject({ status: 'SENT' });
    expect(await read(paused)).toMatchObject({ status: 'PENDING', attempt_count: 0 });
    expect(await step(paused)).toMatchObject({ status: 'SENT' });
  });

  it('a disabled provider is sent nothing new: the payout has failed, and the money is back', async () => {
    const payout = await newPayout('THUNES');
    const off = { isEnabled: () => false };
    const failed = await step(payout, off);
    expect(failed).toMatchObject({ status: 'FAILED', last_error: 'PROVIDER_DISABLED', retryable: true });
    expect(await balance()).toBe(deposit);
    expect(parts.attempts).toEqual([]);
  });

  it('what a disabled provider may have paid is asked for before the money comes back', async () => {
    const off = { isEnabled: () => false };
    for (const kind of ['cut', 'drop'] as const) {
      parts.simulator.control.addFault({ kind, provider: 'FLOOZ', occasion: 'submit', calls: 1 });
      const payout = await newPayout('FLOOZ');
      await step(payout);
      const expected =
        kind === 'cut' ? { status: 'CONFIRMED' } : { status: 'FAILED', last_error: 'PROVIDER_DISABLED' };
      expect(await nextStep(payout, off)).toMatchObject(expected);
    }
    expect(await balance()).toBe(deposit - 1000n);
  });

  it('a provider that nobody configured is waited for, where something was sent', async () => {
    const payout = await newPayout('FLOOZ');
    await step(payout);
    const none = { providers: new Map() };
    expect(await nextStep(payout, none)).toMatchObject({
      status: 'SENT',
      last_error: 'PROVIDER_NOT_CONFIGURED',
    });
  });

  it('the back-off factor stretches each wait', async () => {
    parts.simulator.control.addFault({ kind: 'drop', provider: 'MOMO' });
    const payout = await newPayout('MOMO');
    await step(payout, { backoffFactor: () => 10 });
    expect(await secondsAhead(payout)).toBeGreaterThan(290);
    const sent = await newPayout('TMONEY');
    expect(await step(sent, { backoffFactor: () => 10 })).toMatchObject({ status: 'SENT', last_error: null });
    expect(await secondsAhead(sent)).toBeGreaterThan(590);
  });
});

it('a failed payout that is tried again goes under another reference, unless the first was paid after all', async () => {
  parts.simulator.control.addFault({ kind: 'decline', provider: 'MOMO', calls: 1 });
  const payout = await newPayout('MOMO');
  await step(payout);
  expect(await nextStep(payout)).toMatchObject({ status: 'FAILED', round: 0 });
  await reopen(parts.db, payout.transaction_id, { force: true });
  expect(await step(payout)).toMatchObject({ status: 'SENT', round: 1, attempt_count: 2 });
  expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED' });
  expect(paid(payout)).toMatchObject([{ externalRef: `${payout.external_ref}-r1` }]);
  expect(await balance()).toBe(deposit - 1000n);
});

it('an earlier round that was paid after all is the one that the books are compared under', async () => {
  const payout = await newPayout('MOMO');
  await step(payout);
  await fail(parts.db, payout.transaction_id, { error: 'EXPIRED', retryable: true });
  await reopen(parts.db, payout.transaction_id, { force: false });
  expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED', round: 1 });
  expect(paid(payout)).toMatchObject([{ externalRef: payout.external_ref }]);
  const { rows } = await parts.db.query(
    'SELECT paid_round FROM app.mobile_money_payouts WHERE transaction_id = $1',
    [payout.transaction_id],
  );
  expect(rows).toEqual([{ paid_round: 0 }]);
});

it.each([
  [1, 30_000],
  [2, 60_000],
  [3, 120_000],
  [4, 240_000],
  [5, 480_000],
])('after submission %i the wait is %i ms, and a fifth longer at most', (attempt, expected) => {
  expect(backoffOf(workerSettings, attempt, 1, 0)).toBe(expected);
  expect(backoffOf(workerSettings, attempt, 1, 0.999)).toBeLessThan(expected * 1.2);
  expect(backoffOf(workerSettings, attempt, 3, 0)).toBe(expected * 3);
});
