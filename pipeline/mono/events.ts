import { randomUUID } from 'node:crypto';
import type { Queryable } from '#pipeline/runtime/db.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';

export type MonoEventName =
  | 'mono.fetch.started'
  | 'mono.fetch.completed'
  | 'mono.fetch.failed'
  | 'mono.fetch.latency_sla_exceeded'
  | 'mono.fetch.zero_transactions'
  | 'mono.pipeline.completed'
  | 'bank.transactions.ingested';

export type Payload = Record<string, unknown>;

/** One uuid a run; the two correlation ids differ in their prefix only, so either leads to the other. */
export interface RunIds {
  runId: string;
  sync: string;
  pipeline: string;
}

export function newRunIds(): RunIds {
  return runIdsOf(randomUUID());
}

export function runIdsOf(runId: string): RunIds {
  return { runId, sync: `mono-sync-${runId}`, pipeline: `mono-pipeline-${runId}` };
}

/** The run behind a bare uuid or either correlation id. */
export function parseRunId(text: string): string | undefined {
  return /^(?:mono-(?:sync|pipeline)-)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(text)?.[1];
}

export interface StoredEvent {
  ts: string;
  event: MonoEventName;
  payload: Payload;
}

export interface EventSink {
  emit(event: MonoEventName, payload: Payload, level?: 'info' | 'warn' | 'error'): Promise<void>;
}

export interface EventDeps {
  db: Queryable;
  log: Logger;
}

/** Every event is one JSON line of the log, and one row that the smoke run can ask for. */
export function createEventSink(deps: EventDeps, ids: RunIds, accountId: string): EventSink {
  return {
    async emit(event, payload, level = 'info') {
      const correlationId = event.startsWith('mono.fetch.') ? ids.sync : ids.pipeline;
      const ts = new Date().toISOString();
      deps.log[level](
        {
          event,
          correlation_id: correlationId,
          pipeline_correlation_id: ids.pipeline,
          account_id: accountId,
          payload,
        },
        event,
      );
      await deps.db
        .query(
          `INSERT INTO mono_events (run_id, ts, event, correlation_id, account_id, payload)
           VALUES ($1, $2, $3, $4, $5, $6)`,
          [ids.runId, ts, event, correlationId, accountId, payload],
        )
        // The log line stands; a run must not fail because its diary could not be kept.
        .catch(() => deps.log.warn({ event: 'mono.event.not_stored' }, 'an event was not stored'));
    },
  };
}

/** Of the accounts of one integrator only. */
export async function listEvents(db: Queryable, runId: string, siId: string): Promise<StoredEvent[]> {
  const { rows } = await db.query<{ ts: Date; event: MonoEventName; payload: Payload }>(
    `SELECT e.ts, e.event, e.payload FROM mono_events AS e
     JOIN bank_accounts AS a ON a.id = e.account_id JOIN banking_connections AS c ON c.id = a.connection_id
     WHERE e.run_id = $1 AND c.si_id = $2 ORDER BY e.id`,
    [runId, siId],
  );
  return rows.map((row) => ({ ...row, ts: row.ts.toISOString() }));
}
