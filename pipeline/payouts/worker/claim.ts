import { randomUUID } from 'node:crypto';
import { type Payout, type Provider, payoutColumns } from '#pipeline/payouts/payouts.ts';
import type { Queryable } from '#pipeline/runtime/db.ts';

export interface ClaimedPayout extends Payout {
  /** Whoever claims the payout after this one ends it: nothing can be written under it any more. */
  claim: string;
  /** By the clock of the database, as of the claim; null: never submitted. */
  attempt_age_ms: number | null;
}

export interface ClaimOrder {
  provider: Provider;
  limit: number;
  /** Nobody else takes them for so long. */
  leaseMs: number;
}

/** Open payouts that are due, the longest due first; those that another worker is claiming are left to it. */
export async function claimDue(db: Queryable, order: ClaimOrder): Promise<ClaimedPayout[]> {
  const claim = randomUUID();
  const { rows } = await db.query<Payout & { attempt_age_ms: number | null }>(
    `WITH due AS MATERIALIZED (
       SELECT id FROM app.mobile_money_payouts
       WHERE status IN ('PENDING', 'SENT') AND provider = $2 AND (next_retry_at IS NULL OR next_retry_at <= now())
       ORDER BY next_retry_at NULLS FIRST LIMIT $3 FOR UPDATE SKIP LOCKED
     )
     UPDATE app.mobile_money_payouts p
     SET claim = $1, next_retry_at = now() + make_interval(secs => $4)
     FROM due WHERE p.id = due.id
     RETURNING ${payoutColumns('p')},
       (extract(epoch FROM now() - p.last_attempt_at) * 1000)::float8 AS attempt_age_ms`,
    [claim, order.provider, order.limit, order.leaseMs / 1000],
  );
  return rows.map((row) => ({ ...row, claim }));
}
