import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { startHeartbeat } from '#pipeline/runtime/heartbeat.ts';

/** How long a run blocks its account after its instance vanished. */
const leaseSeconds = 30;
const heartbeatMs = 10_000;

export interface RunRequest {
  runId: string;
  accountId: string;
  trigger: string;
  start: string | undefined;
  end: string | undefined;
  pageLimit: number;
  instanceId: string;
}

export interface RunCounts {
  pages: number;
  fetched: number;
  inserted: number;
  duplicates: number;
  rejected: number;
}

/** The idempotency guard: one run an account over all instances. A run whose lease ran out counts as gone. */
export async function claimRun(db: Database, run: RunRequest): Promise<void> {
  const claimed = await db.transaction(async (tx) => {
    await tx.query(
      `UPDATE mono_sync_runs SET state = 'abandoned', finished_at = now()
       WHERE account_id = $1 AND state = 'running' AND lease_until < now()`,
      [run.accountId],
    );
    return tx.query(
      `INSERT INTO mono_sync_runs
         (id, account_id, trigger, window_start, window_end, page_limit, instance_id, lease_until)
       VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8))
       ON CONFLICT (account_id) WHERE state = 'running' DO NOTHING`,
      [
        run.runId,
        run.accountId,
        run.trigger,
        run.start ?? null,
        run.end ?? null,
        run.pageLimit,
        run.instanceId,
        leaseSeconds,
      ],
    );
  });
  if (claimed.rowCount === 0) {
    throw new ServiceError('SYNC_IN_PROGRESS', 'a sync of this account is under way');
  }
}

/** Inside the transaction of a page: a run that lost its lease to another must not store anything more. */
export async function renewLease(tx: Queryable, runId: string): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE mono_sync_runs SET lease_until = now() + make_interval(secs => $2)
     WHERE id = $1 AND state = 'running'`,
    [runId, leaseSeconds],
  );
  if (rowCount === 0) throw new ServiceError('CONFLICT', 'the run lost its lease to another');
}

/** A page may take longer than a lease lasts, when the provider asks for patience. Gives what ends the heartbeat. */
export function keepLease(db: Queryable, runId: string): () => void {
  return startHeartbeat(() => renewLease(db, runId), heartbeatMs);
}

export async function finishRun(
  db: Queryable,
  runId: string,
  result: { state: 'completed' | 'failed'; counts: RunCounts; reason: string | null },
): Promise<void> {
  const { counts } = result;
  await db.query(
    `UPDATE mono_sync_runs
     SET state = $2, pages = $3, fetched = $4, inserted = $5, duplicates = $6, rejected = $7, reason = $8,
       finished_at = now()
     WHERE id = $1 AND state = 'running'`,
    [
      runId,
      result.state,
      counts.pages,
      counts.fetched,
      counts.inserted,
      counts.duplicates,
      counts.rejected,
      result.reason,
    ],
  );
  await db.query('DELETE FROM mono_run_seen WHERE run_id = $1', [runId]);
}

/** An instance that starts again knows that whatever it ran before its end runs no more. */
export async function abandonRunsOf(db: Queryable, instanceId: string): Promise<number> {
  const { rowCount } = await db.query(
    `UPDATE mono_sync_runs SET state = 'abandoned', finished_at = now()
     WHERE instance_id = $1 AND state = 'running'`,
    [instanceId],
  );
  return rowCount ?? 0;
}
