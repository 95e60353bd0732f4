import { pino } from 'pino';
import { type Provider, providers } from '#pipeline/payouts/payouts.ts';
import type { PayoutProvider } from '#pipeline/payouts/providers/provider.ts';
import { claimDue } from '#pipeline/payouts/worker/claim.ts';
import { createPayoutWorker } from '#pipeline/payouts/worker/worker.ts';
import type { Database } from '#pipeline/runtime/db.ts';
import { fundedWallet, openTestDatabase, payoutOf } from '#pipeline/testing/payouts.ts';
import { startTestDatabase } from '#pipeline/testing/postgres.ts';

/**
 * Payouts a second of a worker whose providers answer at once, against a bare loop that claims the same rows by the same
 * statement and confirms each with one update. The worker writes each attempt down before it sends, which is a second
 * update. Rounds of both take turns.
 */
const rounds = 12;
const batch = 50;
const perRound = batch * providers.length * 2;
const goal = 0.5;

export async function bench(): Promise<string[]> {
  const postgres = await startTestDatabase();
  const db = openTestDatabase(await postgres.fresh());
  try {
    const { walletId } = await fundedWallet(db, 1_000_000_000n);
    const sides = { bare: () => bareRound(db), worker: workerRound(db) };
    const seconds = { bare: [] as number[], worker: [] as number[] };
    for (let round = -1; round < rounds; round += 1) {
      for (const side of ['bare', 'worker'] as const) {
        await fill(db, walletId);
        const began = performance.now();
        await sides[side]();
        // The first of each warms up.
        if (round >= 0) seconds[side].push((performance.now() - began) / 1000);
        await expectAllConfirmed(db);
      }
    }
    return report(seconds);
  } finally {
    await db.close();
    await postgres.stop();
  }
}

function report({ bare, worker }: { bare: number[]; worker: number[] }): string[] {
  const rate = (values: number[]) =>
    (perRound * values.length) / values.reduce((sum, value) => sum + value, 0);
  const ratios = bare.map((value, n) => value / (worker[n] ?? Number.NaN)).sort((a, b) => a - b);
  const at = (share: number) => (ratios[Math.round(share * (ratios.length - 1))] ?? Number.NaN).toFixed(2);
  return [
    `payout worker with instant providers against a bare loop that claims and updates, ${rounds} rounds of ${perRound} payouts each in turn`,
    `  bare loop ${rate(bare).toFixed(0)}/s, worker ${rate(worker).toFixed(0)}/s`,
    `  ratio ${(rate(worker) / rate(bare)).toFixed(2)} over all, ${at(0.25)} to ${at(0.75)} in the middle half of the rounds; goal ${goal}`,
  ];
}

async function fill(db: Database, walletId: string): Promise<void> {
  for (const provider of providers) {
    await Promise.all(
      Array.from({ length: perRound / providers.length }, () => payoutOf(db, walletId, { provider })),
    );
  }
}

async function expectAllConfirmed(db: Database): Promise<void> {
  const sql = "SELECT count(*)::integer AS open FROM app.mobile_money_payouts WHERE status <> 'CONFIRMED'";
  const { rows } = await db.query<{ open: number }>(sql);
  if (rows[0]?.open !== 0) throw new Error(`${rows[0]?.open} payouts are not confirmed`);
}

async function bareRound(db: Database): Promise<void> {
  const serve = async (provider: Provider) => {
    const claimed = await claimDue(db, { provider, limit: batch, leaseMs: 30_000 });
    await Promise.all(
      claimed.map(({ transaction_id: id, claim }) =>
        db.query(
          `UPDATE app.mobile_money_payouts SET status = 'CONFIRMED', provider_ref = $3, next_retry_at = NULL
           WHERE transaction_id = $1 AND claim = $2`,
          [id, claim, id],
        ),
      ),
    );
    return claimed.length;
  };
  while (Math.max(...(await Promise.all(providers.map(serve)))) > 0);
}

function workerRound(db: Database): () => Promise<void> {
  const instant = (name: Provider): PayoutProvider => {
    const paid = (providerRef: string) =>
      ({ providerRef, state: 'CONFIRMED', status: 'SUCCESS', reason: null }) as const;
    return {
      name,
      submit: async ({ reference }) => ({ taken: paid(reference) }),
      statusOf: async (providerRef) => paid(providerRef),
      find: async () => undefined,
    };
  };
  const worker = createPayoutWorker({
    db,
    log: pino({ level: 'silent' }),
    providers: new Map(providers.map((name) => [name, instant(name)])),
    settings: {
      intervalMs: 10,
      batch,
      backoffMs: 30_000,
      pollMs: 60_000,
      timeoutMs: 10_000,
      settleMs: 20_000,
    },
    isEnabled: () => true,
    isPaused: () => false,
    backoffFactor: () => 1,
    attempted() {},
    random: () => 0,
    beat() {},
  });
  return async () => {
    while ((await worker.processOnce()) > 0);
  };
}
