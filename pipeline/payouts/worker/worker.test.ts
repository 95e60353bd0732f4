import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningPayoutSimulator, startPayoutSimulator } from '#pipeline/simulators/payouts/start.ts';
import { useDatabase } from '#pipeline/testing/database.ts';
import { simulatedProviders } from '#pipeline/testing/payout-providers.ts';
import { balanceOf, fundedWallet, payoutOf } from '#pipeline/testing/payouts.ts';
import { findPayout, makeDue, type Payout, type Provider, providers, reopen } from '../payouts.ts';
import type { PayoutProvider } from '../providers/provider.ts';
import { claimDue } from './claim.ts';
import { processPayout } from './process.ts';
import { backoffOf, type WorkerSettings } from './settings.ts';
import { createPayoutWorker, type WorkerDeps } from './worker.ts';

const database = useDatabase({ max: 10 });
const settings: WorkerSettings = {
  intervalMs: 10,
  batch: 50,
  backoffMs: 30_000,
  pollMs: 60_000,
  timeoutMs: 5000,
  settleMs: 30_000,
};
const deposit = 100_000n;

let simulator: RunningPayoutSimulator;
let attempts: string[];
let deps: WorkerDeps;
let walletId: string;

beforeAll(async () => {
  simulator = await startPayoutSimulator({ settleMs: [1, 2] });
});
beforeEach(async () => {
  attempts = [];
  deps = {
    db: database.db,
    log: pino({ level: 'silent' }),
    providers: new Map(simulatedProviders(simulator).map((provider) => [provider.name, provider])),
    settings,
    isEnabled: () => true,
    isPaused: () => false,
    backoffFactor: () => 1,
    attempted: (provider, result) => void attempts.push(`${provider} ${result}`),
    random: () => 0,
    beat() {},
  };
  ({ walletId } = await fundedWallet(database.db, deposit));
});
afterEach(async () => {
  simulator.control.clearFaults();
  for (const provider of providers) simulator.control.setMode(provider, { mode: 'up' });
  // Nothing of one test is due in the next.
  await database.db.query(
    "UPDATE app.mobile_money_payouts SET next_retry_at = now() + interval '1 year' WHERE status IN ('PENDING', 'SENT')",
  );
});
afterAll(() => simulator.close());

const newPayout = (provider: Provider) => payoutOf(database.db, walletId, { provider, amountCents: 1000n });

async function read({ transaction_id: id }: Payout): Promise<Payout> {
  const payout = await findPayout(database.db, id);
  if (!payout) throw new Error('the payout is gone');
  return payout;
}

/** As if every wait were over: what is open is due, and whatever was sent could be found by now. */
const passTime = () =>
  database.db.query(
    `UPDATE app.mobile_money_payouts SET next_retry_at = now(), last_attempt_at = last_attempt_at - interval '1 hour'
     WHERE status IN ('PENDING', 'SENT') AND next_retry_at < now() + interval '1 day'`,
  );

async function step(payout: Payout, changes: Partial<WorkerDeps> = {}): Promise<Payout> {
  await createPayoutWorker({ ...deps, ...changes }).processOnce();
  await simulator.control.idle();
  return read(payout);
}

async function nextStep(payout: Payout, changes: Partial<WorkerDeps> = {}): Promise<Payout> {
  await passTime();
  return step(payout, changes);
}

const paid = (payout: Payout) =>
  simulator.control.book().filter(({ externalRef, state }) => {
    return externalRef.startsWith(payout.external_ref) && state === 'PAID';
  });
const balance = () => balanceOf(database.db, walletId);

async function secondsAhead(payout: Payout): Promise<number> {
  const { rows } = await database.db.query<{ ahead: number }>(
    `SELECT extract(epoch FROM next_retry_at - now())::float8 AS ahead FROM app.mobile_money_payouts
     WHERE transaction_id = $1`,
    [payout.transaction_id],
  );
  return rows[0]?.ahead ?? Number.NaN;
}

describe.each(providers)('%s', (provider) => {
  it('is sent a payout once, asked for it, and it is confirmed', async () => {
    const payout = await newPayout(provider);
    const sent = await step(payout);
    expect(sent).toMatchObject({ status: 'SENT', attempt_count: 1, last_error: null });
    expect(sent.provider_ref).not.toBeNull();
    expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED', attempt_count: 1, retryable: false });
    expect(paid(payout)).toMatchObject([{ amount_cents: '1000', providerRef: sent.provider_ref }]);
    expect(await balance()).toBe(deposit - 1000n);
    expect(attempts).toEqual([`${provider} SENT`]);
  });

  it('declines: it has failed, and the money is back', async () => {
    simulator.control.addFault({ kind: 'decline', provider, calls: 1, reason: 'LIMIT_REACHED' });
    const payout = await newPayout(provider);
    await step(payout);
    const failed = await nextStep(payout);
    expect(failed).toMatchObject({ status: 'FAILED', last_error: expect.stringContaining('LIMIT_REACHED') });
    expect(await balance()).toBe(deposit);
  });

  it.each(['cut', 'error_after', 'late'] as const)(
    'after %s it is asked, and what it had taken is paid once',
    async (kind) => {
      simulator.control.addFault({ kind, provider, occasion: 'submit', calls: 1, ms: 1 });
      const payout = await newPayout(provider);
      expect(await step(payout)).toMatchObject({ status: 'SENT', provider_ref: null, attempt_count: 1 });
      expect(attempts).toEqual([`${provider} FAILED`]);
      expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED', attempt_count: 1 });
      expect(paid(payout)).toHaveLength(1);
    },
  );

  it('is sent it again when it says that it has taken nothing', async () => {
    simulator.control.addFault({ kind: 'drop', provider, occasion: 'submit', calls: 1 });
    const payout = await newPayout(provider);
    expect(await step(payout)).toMatchObject({ status: 'SENT', provider_ref: null, last_error: 'NETWORK' });
    expect(await nextStep(payout)).toMatchObject({ status: 'SENT', attempt_count: 2, last_error: null });
    expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED' });
    expect(paid(payout)).toHaveLength(1);
  });

  it('fails for good after five submissions of which it knows nothing, and the money is back once', async () => {
    simulator.control.addFault({ kind: 'server_error', provider, occasion: 'submit' });
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
    simulator.control.addFault({ kind: 'cut', provider, occasion: 'submit', calls: 1 });
    const payout = await newPayout(provider);
    await database.db.query(
      'UPDATE app.mobile_money_payouts SET attempt_count = 4 WHERE transaction_id = $1',
      [payout.transaction_id],
    );
    // It was never asked before the fifth, as it would be: what matters is that the fifth has been paid.
    const fifth = await nextStep(payout);
    expect(fifth).toMatchObject({ status: 'SENT', attempt_count: 5 });
    simulator.control.setMode(provider, { mode: 'dead' });
    for (let n = 0; n < 3; n += 1) {
      expect(await nextStep(payout)).toMatchObject({
        status: 'SENT',
        attempt_count: 5,
        last_error: 'NETWORK',
      });
    }
    expect(await balance()).toBe(deposit - 1000n);
    simulator.control.setMode(provider, { mode: 'up' });
    expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED', attempt_count: 5 });
    expect(paid(payout)).toHaveLength(1);
  });
});

describe('a payout whose outcome is not known', () => {
  it('is not sent again while what was sent may still arrive, whoever asks for a retry', async () => {
    simulator.control.addFault({ kind: 'drop', provider: 'FLOOZ', occasion: 'submit', calls: 1 });
    const payout = await newPayout('FLOOZ');
    await step(payout);
    await makeDue(database.db, payout.transaction_id);
    expect(await step(payout)).toMatchObject({ status: 'SENT', attempt_count: 1 });
    expect(await secondsAhead(payout)).toBeGreaterThan(30);
    expect(await nextStep(payout)).toMatchObject({ attempt_count: 2 });
  });

  it('is not sent again on the word of a proxy', async () => {
    simulator.control.addFault({ kind: 'cut', provider: 'FLOOZ', occasion: 'submit', calls: 1 });
    simulator.control.addFault({ kind: 'html_error', provider: 'FLOOZ', occasion: 'find', calls: 1 });
    const payout = await newPayout('FLOOZ');
    await step(payout);
    expect(await nextStep(payout)).toMatchObject({ attempt_count: 1, last_error: 'HTTP_404' });
    expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED', attempt_count: 1 });
  });

  it('is asked for where a worker died between writing down the attempt and its outcome', async () => {
    const payout = await newPayout('FLOOZ');
    const dying = Object.assign(Object.create(database.db), {
      query: (text: string, values: unknown[]) =>
        text.includes("status = 'SENT'")
          ? Promise.reject(new Error('killed'))
          : database.db.query(text, values),
    });
    const [claimed] = await claimDue(database.db, { provider: 'FLOOZ', limit: 1, leaseMs: 1000 });
    if (!claimed) throw new Error('nothing was due');
    await expect(processPayout({ ...deps, db: dying }, claimed)).rejects.toThrow('killed');
    await simulator.control.idle();
    expect(await read(payout)).toMatchObject({ status: 'PENDING', attempt_count: 1, provider_ref: null });
    expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED', attempt_count: 1 });
    expect(paid(payout)).toHaveLength(1);
  });

  it('waits where the provider does not know the reference any more that it gave', async () => {
    const payout = await newPayout('TMONEY');
    await step(payout);
    await database.db.query(
      "UPDATE app.mobile_money_payouts SET provider_ref = 'gone' WHERE transaction_id = $1",
      [payout.transaction_id],
    );
    expect(await nextStep(payout)).toMatchObject({ status: 'SENT', last_error: 'REFERENCE_UNKNOWN' });
    expect(await balance()).toBe(deposit - 1000n);
  });
});

describe('claims', () => {
  it('two workers send each of many payouts once', async () => {
    const { walletId: rich } = await fundedWallet(database.db, 10_000_000n);
    for (let n = 0; n < 60; n += 1) {
      await payoutOf(database.db, rich, {
        provider: 'FLOOZ',
        amountCents: 100n,
        phone: `+22890${100000 + n}`,
      });
    }
    const workers = [1, 2, 3].map(() => createPayoutWorker(deps));
    const taken = await Promise.all(workers.map((worker) => worker.processOnce()));
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(60);
    const phones = simulator.control
      .book()
      .flatMap(({ phone }) => (phone.startsWith('228901000') ? [phone] : []));
    expect(new Set(phones).size).toBe(60);
    expect(phones).toHaveLength(60);
  });

  it('one that has been taken over sends nothing and writes nothing', async () => {
    const payout = await newPayout('FLOOZ');
    const order = { provider: 'FLOOZ', limit: 1, leaseMs: 0 } as const;
    const [stale] = await claimDue(database.db, order);
    const [fresh] = await claimDue(database.db, order);
    if (!stale || !fresh) throw new Error('it was not due');
    await processPayout(deps, stale);
    expect(attempts).toEqual([]);
    await processPayout(deps, fresh);
    expect(await read(payout)).toMatchObject({ status: 'SENT', attempt_count: 1 });
  });

  it('a payout that cannot be processed stops no other', async () => {
    const real = deps.providers.get('MOMO');
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
    expect(attempts).toEqual([]);
  });

  it('what a disabled provider may have paid is asked for before the money comes back', async () => {
    const off = { isEnabled: () => false };
    for (const kind of ['cut', 'drop'] as const) {
      simulator.control.addFault({ kind, provider: 'FLOOZ', occasion: 'submit', calls: 1 });
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
    simulator.control.addFault({ kind: 'drop', provider: 'MOMO' });
    const payout = await newPayout('MOMO');
    await step(payout, { backoffFactor: () => 10 });
    expect(await secondsAhead(payout)).toBeGreaterThan(290);
  });
});

it('a failed payout that is tried again goes under another reference, unless the first was paid after all', async () => {
  simulator.control.addFault({ kind: 'decline', provider: 'MOMO', calls: 1 });
  const payout = await newPayout('MOMO');
  await step(payout);
  expect(await nextStep(payout)).toMatchObject({ status: 'FAILED', round: 0 });
  await reopen(database.db, payout.transaction_id, { force: true });
  expect(await step(payout)).toMatchObject({ status: 'SENT', round: 1, attempt_count: 2 });
  expect(await nextStep(payout)).toMatchObject({ status: 'CONFIRMED' });
  expect(paid(payout)).toMatchObject([{ externalRef: `${payout.external_ref}-r1` }]);
  expect(await balance()).toBe(deposit - 1000n);
});

it.each([
  [1, 30_000],
  [2, 60_000],
  [3, 120_000],
  [4, 240_000],
  [5, 480_000],
])('after submission %i the wait is %i ms, and a fifth longer at most', (attempt, expected) => {
  expect(backoffOf(settings, attempt, 1, 0)).toBe(expected);
  expect(backoffOf(settings, attempt, 1, 0.999)).toBeLessThan(expected * 1.2);
  expect(backoffOf(settings, attempt, 3, 0)).toBe(expected * 3);
});
