import type { Queryable } from '#pipeline/runtime/db.ts';
import { type Payout, payoutColumns } from './payouts.ts';

/** Undefined also for one of somebody else. */
export async function payoutOfUser(
  db: Queryable,
  transactionId: string,
  userId: string,
): Promise<Payout | undefined> {
  const { rows } = await db.query<Payout>(
    `SELECT ${payoutColumns('p')} FROM app.mobile_money_payouts p
     JOIN app.transactions t ON t.id = p.transaction_id JOIN app.wallets w ON w.id = t.wallet_id
     WHERE p.transaction_id = $1 AND w.user_id = $2`,
    [transactionId, userId],
  );
  return rows[0];
}

export interface PayoutFilter {
  status?: string | undefined;
  provider?: string | undefined;
  retryable?: boolean | undefined;
  limit: number;
  offset: number;
}

/** The newest first. */
export async function listPayouts(db: Queryable, filter: PayoutFilter): Promise<Payout[]> {
  const { status = null, provider = null, retryable = null, limit, offset } = filter;
  const { rows } = await db.query<Payout>(
    `SELECT ${payoutColumns()} FROM app.mobile_money_payouts
     WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR provider = $2)
       AND ($3::boolean IS NULL OR retryable = $3)
     ORDER BY created_at DESC, id LIMIT $4 OFFSET $5`,
    [status, provider, retryable, limit, offset],
  );
  return rows;
}

export interface WebhookEventRow {
  id: string;
  provider: string;
  transaction_id: string | null;
  external_ref: string | null;
  provider_ref: string | null;
  status_raw: string | null;
  signature_valid: boolean;
  applied: boolean;
  reason: string | null;
  replay_of: string | null;
  received_at: Date;
}

/** The newest first; of one payout, or of all. Without the bodies, which hold people's numbers. */
export async function listWebhookEvents(
  db: Queryable,
  { transactionId, limit }: { transactionId?: string; limit: number },
): Promise<WebhookEventRow[]> {
  const { rows } = await db.query<WebhookEventRow>(
    `SELECT id, provider, transaction_id, external_ref, provider_ref, status_raw, signature_valid, applied, reason,
       replay_of, received_at
     FROM app.webhook_events WHERE $1::uuid IS NULL OR transaction_id = $1
     ORDER BY received_at DESC, id LIMIT $2`,
    [transactionId ?? null, limit],
  );
  return rows;
}
