import { randomUUID } from 'node:crypto';
import { type Payout, type Provider, payoutColumns } from '#pipeline/payouts/payouts.ts';
import type { Queryable } from '#pipeline/runtime/db.ts';

export interface ClaimedPayout extends Payout {
  /** Whoever claims the payout after this one ends it: nothing can be written under it any more. */
  claim: string;
  /** By the clock of the database, as of the claim; null: never submitted. */
  attempt_age_ms: number | null;
  /** Its first attempt is written down with the claim: it has to be sent now. */
  begun: boolean;
  /** By `performance.now()`, before the database was asked. */
  claimedAt: number;
}

export interface ClaimOrder {
  provider: Provider;
  limit: number;
  /** Nobody else takes them for so long. */
  leaseMs: number;
  /** The first attempt of what is new is written down as well, and leased for so long. */
  attemptLeaseMs?: number;
}

/** Open payouts that are due, the longest due first; those that another worker is claiming are left to it. */
export async function claimDue(db: Queryable, order: ClaimOrder): Promise<ClaimedPayout[]> {
  const claim = randomUUID();
  const claimedAt = performance.now();
  const { rows } = await db.query<Payout & Pick<ClaimedPayout, 'attempt_age_ms' | 'begun'>>(
    `WITH due AS MATERIALIZED (
       SELECT id, $5::float8 IS NOT NULL AND status = 'PENDING' AND attempt_count = 0 AND provider_ref IS NULL AS begun
       FROM app.mobile_money_payouts
       WHERE status IN ('PENDING', 'SENT') AND provider = $2 AND (next_retry_at IS NULL OR next_retry_at <= now())
       ORDER BY next_retry_at NULLS FIRST LIMIT $3 FOR UPDATE SKIP LOCKED
     )
     UPDATE app.mobile_money_payouts p
     SET claim = $1, attempt_count = attempt_count + begun::integer,
       last_attempt_at = CASE WHEN begun THEN now() ELSE last_attempt_at END,
       next_retry_at = now() + make_interval(secs => CASE WHEN begun THEN $5 ELSE $4 END)
     FROM due WHERE p.id = due.id
     RETURNING ${payoutColumns('p')}, begun,
       (extract(epoch FROM now() - p.last_attempt_at) * 1000)::float8 AS attempt_age_ms`,
    [claim, order.provider, order.limit, order.leaseMs / 1000, seconds(order.attemptLeaseMs)],
  );
  return rows.map((row) => ({ ...row, claim, claimedAt }));
}

const seconds = (ms: number | undefined) => (ms === undefined ? null : ms / 1000);
