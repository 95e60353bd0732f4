import type { Queryable } from '#pipeline/runtime/db.ts';

export interface RetentionOptions {
  rawDays: number;
}

export interface Purged {
  raw_payloads: number;
  events: number;
  webhook_events: number;
  idempotent_requests: number;
  seen: number;
}

/** Raw payloads and the diary of runs leave after the retention period; what was refused stays. */
export async function purgeExpired(db: Queryable, options: RetentionOptions): Promise<Purged> {
  const purge = async (sql: string, values: unknown[] = []) => (await db.query(sql, values)).rowCount ?? 0;
  const older = (table: string, column: string) =>
    purge(`DELETE FROM ${table} WHERE ${column} < now() - make_interval(days => $1)`, [options.rawDays]);
  return {
    raw_payloads: await older('mono_raw_payloads', 'received_at'),
    events: await older('mono_events', 'ts'),
    webhook_events: await purge('DELETE FROM mono_webhook_events WHERE expires_at < now()'),
    idempotent_requests: await purge('DELETE FROM idempotent_requests WHERE expires_at < now()'),
    seen: await purge(
      `DELETE FROM mono_run_seen AS s WHERE NOT EXISTS
         (SELECT 1 FROM mono_sync_runs AS r WHERE r.id = s.run_id AND r.state = 'running')`,
    ),
  };
}
