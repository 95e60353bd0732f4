import type { Queryable } from '#pipeline/runtime/db.ts';

const atOnce = 5000;

/** Keys whose time is over, and the seconds of callers who have not come back. */
export async function forgetExpired(db: Queryable, retentionHours: number): Promise<void> {
  await db.query(
    `DELETE FROM app.idempotency_keys WHERE id IN (
       SELECT id FROM app.idempotency_keys WHERE created_at < now() - make_interval(hours => $1)
       ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
    [retentionHours, atOnce],
  );
  await db.query(
    `DELETE FROM rate_limit_seconds WHERE key LIKE 'payouts:%' AND second < extract(epoch FROM now()) - 61`,
  );
}
