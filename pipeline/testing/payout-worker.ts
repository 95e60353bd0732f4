import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { findPayout, type Payout, type Provider, providers } from '#pipeline/payouts/payouts.ts';
import type { WorkerSettings } from '#pipeline/payouts/worker/settings.ts';
import { createPayoutWorker, type WorkerDeps } from '#pipeline/payouts/worker/worker.ts';
import type { Database } from '#pipeline/runtime/db.ts';
import { type RunningPayoutSimulator, startPayoutSimulator } from '#pipeline/simulators/payouts/start.ts';
import { useDatabase } from './database.ts';
import { simulatedProviders } from './payout-providers.ts';
import { balanceOf, fundedWallet, payoutOf } from './payouts.ts';

export const workerSettings: WorkerSettings = {
  intervalMs: 10,
  batch: 50,
  backoffMs: 30_000,
  pollMs: 60_000,
  timeoutMs: 5000,
  settleMs: 30_000,
};

/** What is in a test's wallet before it pays anything. */
export const deposit = 100_000n;

/** Simulated providers and a worker whose steps are taken one by one, with a new wallet for each test of the file. */
export function usePayoutWorker() {
  const parts = useParts();
  const read = async ({ transaction_id: id }: Payout): Promise<Payout> => {
    const payout = await findPayout(parts.db, id);
    if (!payout) throw new Error('the payout is gone');
    return payout;
  };
  const step = async (payout: Payout, changes: Partial<WorkerDeps> = {}): Promise<Payout> => {
    await createPayoutWorker({ ...parts.deps, ...changes }).processOnce();
    await parts.simulator.control.idle();
    return read(payout);
  };
  return {
    parts,
    newPayout: (provider: Provider) => payoutOf(parts.db, parts.walletId, { provider, amountCents: 1000n }),
    balance: () => balanceOf(parts.db, parts.walletId),
    /** What its provider really paid for it. */
    paid: (payout: Payout) =>
      parts.simulator.control
        .book()
        .filter(({ externalRef, state }) => externalRef.startsWith(payout.external_ref) && state === 'PAID'),
    read,
    /** One look for what is due, until all of it has ended; then the payout. */
    step,
    /** The same as if every wait were over, and whatever was sent could be found by now. */
    async nextStep(payout: Payout, changes: Partial<WorkerDeps> = {}): Promise<Payout> {
      await passTime(parts.db);
      return step(payout, changes);
    },
    secondsAhead: (payout: Payout) => secondsAhead(parts.db, payout),
  };
}

interface Parts {
  db: Database;
  simulator: RunningPayoutSimulator;
  deps: WorkerDeps;
  walletId: string;
  /** Submissions that were counted, such as `MOMO SENT`. */
  attempts: string[];
}

function useParts(): Parts {
  const database = useDatabase({ max: 10 });
  const parts = {} as Parts;
  beforeAll(async () => {
    parts.db = database.db;
    parts.simulator = await startPayoutSimulator({ settleMs: [1, 2] });
  });
  beforeEach(async () => {
    parts.attempts = [];
    parts.deps = depsOf(parts);
    ({ walletId: parts.walletId } = await fundedWallet(parts.db, deposit));
  });
  afterEach(async () => {
    parts.simulator.control.clearFaults();
    for (const provider of providers) parts.simulator.control.setMode(provider, { mode: 'up' });
    // Nothing of one test is due in the next.
    await parts.db.query(
      "UPDATE app.mobile_money_payouts SET next_retry_at = now() + interval '1 year' WHERE status IN ('PENDING', 'SENT')",
    );
  });
  afterAll(() => parts.simulator?.close());
  return parts;
}

function depsOf(parts: Parts): WorkerDeps {
  return {
    db: parts.db,
    log: pino({ level: 'silent' }),
    providers: new Map(simulatedProviders(parts.simulator).map((provider) => [provider.name, provider])),
    settings: workerSettings,
    isEnabled: () => true,
    isPaused: () => false,
    backoffFactor: () => 1,
    attempted: (provider, result) => void parts.attempts.push(`${provider} ${result}`),
    random: () => 0,
    beat() {},
  };
}

const passTime = (db: Database) =>
  db.query(
    `UPDATE app.mobile_money_payouts
     SET next_retry_at = now(), last_attempt_at = last_attempt_at - interval '1 hour'
     WHERE status IN ('PENDING', 'SENT') AND next_retry_at < now() + interval '1 day'`,
  );

/** Until it is due. */
async function secondsAhead(db: Database, payout: Payout): Promise<number> {
  const { rows } = await db.query<{ ahead: number }>(
    `SELECT extract(epoch FROM next_retry_at - now())::float8 AS ahead FROM app.mobile_money_payouts
     WHERE transaction_id = $1`,
    [payout.transaction_id],
  );
  return rows[0]?.ahead ?? Number.NaN;
}
