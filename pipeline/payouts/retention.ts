import type { Queryable } from '#pipeline/runtime/db.ts';
import { textOf } from '#pipeline/runtime/errors.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';
import { createWaiter } from '#pipeline/runtime/waiter.ts';
import type { PayoutMetrics } from './metrics.ts';

/** Rows of one statement: locks are short, whatever has gathered. */
const atOnce = 1000;

export interface Retention {
  db: Queryable;
  metrics: Pick<PayoutMetrics, 'forgotten'>;
  batch?: number;
}

/** Keys whose time is over, and the seconds of callers who have not come back. */
export async function forgetKeys({ db, metrics, batch = atOnce }: Retention, hours: number): Promise<void> {
  const count = await inBatches(batch, () =>
    db.query(
      `DELETE FROM app.idempotency_keys WHERE (user_id, idempotency_key) IN (
         SELECT user_id, idempotency_key FROM app.idempotency_keys WHERE created_at < now() - make_interval(hours => $1)
         ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [hours, batch],
    ),
  );
  metrics.forgotten('idempotency_key', count);
  await db.query(
    `DELETE FROM rate_limit_seconds WHERE key LIKE 'payouts:%' AND second < extract(epoch FROM now()) - 61`,
  );
}

/**
 * Callbacks that were kept long enough. Those that name an open payout stay, since one of them may decide it when it is
 * played again; so do signed ones that no payout answers to, until somebody has played them again.
 */
export async function forgetEvents({ db, metrics, batch = atOnce }: Retention, days: number): Promise<void> {
  const payout = 'SELECT status FROM app.mobile_money_payouts p WHERE p.provider = e.provider';
  const count = await inBatches(batch, () =>
    db.query(
      `DELETE FROM app.webhook_events WHERE id IN (
         SELECT e.id FROM app.webhook_events e CROSS JOIN LATERAL (SELECT coalesce(
           (${payout} AND p.transaction_id = e.transaction_id),
           (${payout} AND p.external_ref = regexp_replace(e.external_ref, '-r[0-9]{1,9}$', '')),
           (${payout} AND p.provider_ref = e.provider_ref)) AS status) named
         WHERE e.received_at < now() - make_interval(days => $1)
           AND CASE WHEN status IS NULL THEN NOT e.signature_valid OR e.replay_of IS NOT NULL
               OR EXISTS (SELECT FROM app.webhook_events r WHERE r.replay_of = e.id)
             ELSE status IN ('CONFIRMED', 'FAILED') END
         ORDER BY e.received_at LIMIT $2 FOR UPDATE OF e SKIP LOCKED)`,
      [days, batch],
    ),
  );
  metrics.forgotten('webhook_event', count);
}

async function inBatches(batch: number, remove: () => Promise<{ rowCount: number | null }>): Promise<number> {
  let count = 0;
  for (;;) {
    const removed = (await remove()).rowCount ?? 0;
    count += removed;
    if (removed < batch) return count;
  }
}

export interface Sweeper {
  start(): void;
  stop(): Promise<void>;
}

const sweepMs = 60_000;

/** Now, and every minute from then on. */
export function createSweeper(log: Logger, sweep: () => Promise<void>): Sweeper {
  const waiter = createWaiter();
  let sweeping = Promise.resolve();
  const go = async () => {
    while (waiter.isWaiting()) {
      await sweep().catch((error) =>
        log.warn({ err: textOf(error) }, 'what has expired could not be forgotten'),
      );
      await waiter.pause(sweepMs);
    }
  };
  return {
    start() {
      sweeping = go();
    },
    stop() {
      waiter.stop();
      return sweeping;
    },
  };
}
