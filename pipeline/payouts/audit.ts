import type { Queryable } from '#pipeline/runtime/db.ts';

export interface Audit {
  /** A user's id, or what else acted. */
  actor: string;
  action: string;
  /** What it was done to: the id of a payout's transaction, of a user, of an event, or `payouts` for what is due. */
  target: string;
  reason?: string | null;
  detail?: object;
  requestId: string;
}

/** Within the transaction of what it tells about: neither is there without the other. */
export async function audit(tx: Queryable, entry: Audit): Promise<void> {
  const { actor, action, target, reason = null, detail, requestId } = entry;
  await tx.query(
    `INSERT INTO app.audit_log (actor, action, target, reason, detail, request_id)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [actor, action, target, reason, detail ? JSON.stringify(detail) : null, requestId],
  );
}
