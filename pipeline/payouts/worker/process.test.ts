import { describe, expect, it } from 'vitest';
import { deposit, usePayoutWorker } from '#pipeline/testing/payout-worker.ts';
import { providers } from '../payouts.ts';

const { parts, newPayout, step, nextStep, paid, balance } = usePayoutWorker();

describe.each(providers)('%s', (provider) => {
  it('is sent a payout once, asked for it, and it is confirmed', async () => {
    const payout = await newPayout(provider);
    const sent = await step(payout);
    expect(sent).toMatchObject({ status: 'SENT', attempt_count: 1, last_error: null });
    expect(sent.provider_ref).not.toBeNull();
    expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED', attempt_count: 1, retryable: false });
    expect(paid(payout)).toMatchObject([{ amount_cents: '1000', providerRef: sent.provider_ref }]);
    expect(await balance()).toBe(deposit - 1000n);
    expect(parts.attempts).toEqual([`${provider} SENT`]);
  });

  it('declines: it has failed, and the money is back', async () => {
    parts.simulator.control.addFault({ kind: 'decline', provider, calls: 1, reason: 'LIMIT_REACHED' });
    const payout = await newPayout(provider);
    await step(payout);
    const failed = await nextStep(payout);
    expect(failed).toMatchObject({ status: 'FAILED', last_error: expect.stringContaining('LIMIT_REACHED') });
    expect(await balance()).toBe(deposit);
  });

  it.each(['cut', 'error_after', 'late'] as const)(
    'after %s it is asked, and what it had taken is paid once',
    async (kind) => {
      parts.simulator.control.addFault({ kind, provider, occasion: 'submit', calls: 1, ms: 1 });
      const payout = await newPayout(provider);
      expect(await step(payout)).toMatchObject({ status: 'SENT', provider_ref: null, attempt_count: 1 });
      expect(parts.attempts).toEqual([`${provider} FAILED`]);
      expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED', attempt_count: 1 });
      expect(paid(payout)).toHaveLength(1);
    },
  );

  it('is sent it again when it says that it has taken nothing', async () => {
    parts.simulator.control.addFault({ kind: 'drop', provider, occasion: 'submit', calls: 1 });
    const payout = await newPayout(provider);
    expect(await step(payout)).toMatchObject({ status: 'SENT', provider_ref: null, last_error: 'NETWORK' });
    expect(await nextStep(payout)).toMatchObject({ status: 'SENT', attempt_count: 2, last_error: null });
    expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED' });
    expect(paid(payout)).toHaveLength(1);
  });

  it('fails for good after five submissions of which it knows nothing, and the money is back once', async () => {
    parts.simulator.control.addFault({ kind: 'server_error', provider, occasion: 'submit' });
    const payout = await newPayout(provider);
    for (let n = 1; n <= 5; n += 1) {
      expect(await nextStep(payout)).toMatchObject({ status: 'SENT', attempt_count: n });
    }
    const failed = await nextStep(payout);
    expect(failed).toMatchObject({ status: 'FAILED', last_error: 'MAX_ATTEMPTS_EXCEEDED', retryable: true });
    expect(await balance()).toBe(deposit);
    expect(paid(payout)).toEqual([]);
  });

  it('that cannot be asked after five submissions keeps the money, until it can', async () => {
    parts.simulator.control.addFault({ kind: 'cut', provider, occasion: 'submit', calls: 1 });
    const payout = await newPayout(provider);
    await parts.db.query('UPDATE app.mobile_money_payouts SET attempt_count = 4 WHERE transaction_id = $1', [
      payout.transaction_id,
    ]);
    // It was never asked before the fifth, as it would be: what matters is that the fifth has been paid.
    const fifth = await nextStep(payout);
    expect(fifth).toMatchObject({ status: 'SENT', attempt_count: 5 });
    parts.simulator.control.setMode(provider, { mode: 'dead' });
    for (let n = 0; n < 3; n += 1) {
      expect(await nextStep(payout)).toMatchObject({
        status: 'SENT',
        attempt_count: 5,
        last_error: 'NETWORK',
      });
    }
    expect(await balance()).toBe(deposit - 1000n);
    parts.simulator.control.setMode(provider, { mode: 'up' });
    expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED', attempt_count: 5 });
    expect(paid(payout)).toHaveLength(1);
  });
});
