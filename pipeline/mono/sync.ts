import { type Database, patientMs } from '#pipeline/runtime/db.ts';
import { classOf, describeForLog, ServiceError } from '#pipeline/runtime/errors.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';
import { type BankAccount, getAccount, recordOutcome } from './accounts.ts';
import { recordDeadLetter } from './dead-letters.ts';
import { createEventSink, type EventSink, newRunIds, type RunIds } from './events.ts';
import type { MonoMetrics } from './metrics.ts';
import { operations, type Stage, stages } from './operations.ts';
import { storePage } from './persist.ts';
import { claimRun, finishRun, keepLease, type RunCounts } from './runs.ts';
import { createStageClock, type StageClock } from './stage-clock.ts';
import { transformTransaction } from './transform.ts';
import type { MonoClient, MonoPage } from './types.ts';
import { SyncFailedError } from './upstream-errors.ts';
import { reachesBack, resolveWindow, type SyncWindow } from './window.ts';

export const latencySlaSeconds = 2;
export const streakThreshold = 5;

export interface SyncDeps {
  db: Database;
  client: MonoClient;
  metrics: MonoMetrics;
  log: Logger;
  instanceId: string;
  overlapDays: number;
  /** Tests put their own in place to break a stage. */
  transform?: typeof transformTransaction;
}

export interface SyncInput {
  accountId: string;
  window: SyncWindow;
  pageLimit: number;
  trigger: 'manual' | 'webhook' | 'schedule' | 'retry' | 'smoke';
  /** False while the job will be tried again: only the last failure is a dead letter. */
  isLastAttempt: boolean;
  signal?: AbortSignal | undefined;
}

export interface SyncResult extends RunCounts {
  ids: RunIds;
  account: BankAccount;
  cursor: string | null;
}

/** What one run carries along. */
interface Run {
  deps: SyncDeps;
  input: SyncInput;
  account: BankAccount;
  ids: RunIds;
  events: EventSink;
  clock: StageClock;
  counts: RunCounts;
  newest: string | null;
  movesCursor: boolean;
}

/** fetch, transform, persist: rows of one account in one window, page by page. */
export async function syncAccount(given: SyncDeps, input: SyncInput): Promise<SyncResult> {
  // What was fetched already had rather wait for a connection than be fetched again.
  const deps = { ...given, db: given.db.within(patientMs) };
  const account = await getAccount(deps.db, input.accountId);
  if (account.status !== 'active') throw new ServiceError('CONFLICT', `the account is ${account.status}`);
  const span = resolveWindow(input.window, account.cursor, deps.overlapDays);
  const ids = newRunIds();
  const { pageLimit, trigger } = input;
  await claimRun(deps.db, {
    ...span,
    runId: ids.runId,
    accountId: account.id,
    trigger,
    pageLimit,
    instanceId: deps.instanceId,
  });
  deps.metrics.prime(account.id);
  const run: Run = {
    deps,
    input,
    account,
    ids,
    events: createEventSink(deps, ids, account.id),
    clock: createStageClock(),
    counts: { pages: 0, fetched: 0, inserted: 0, duplicates: 0, rejected: 0 },
    newest: null,
    movesCursor: reachesBack(span.start, account.cursor),
  };
  const release = keepLease(deps.db, ids.runId);
  try {
    await run.events.emit('mono.fetch.started', identity(run, account.cursor));
    await consumePages(run, { accountId: account.monoAccountId, limit: pageLimit, ...span });
    return await succeed(run);
  } catch (error) {
    await fail(run, error);
    throw new SyncFailedError(ids, error);
  } finally {
    release();
  }
}

function identity(run: Run, cursor: string | null) {
  return { account_id: run.account.id, cursor, correlation_id: run.ids.sync };
}

type Window = { accountId: string; limit: number; start: string; end: string | undefined };

/**
 * While one page is asked for, the one before the last is stored: three in memory, whatever the account holds.
 * Pages come newest first, so the cursor moves with the last of them only.
 */
async function consumePages(run: Run, { end, ...window }: Window): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(run.input.signal ? [run.input.signal] : [])]);
  const pages = run.deps.client.pages({ ...window, ...(end && { end }), signal });
  const next = () => run.clock.run('sync', () => pages.next());
  let held: MonoPage | undefined;
  try {
    let current = await next();
    while (!current.done) {
      const following = next();
      // Its failure is met below, after the held page is safe.
      following.catch(() => {});
      if (held) await consumePage(run, held, false);
      held = current.value;
      current = await following;
    }
    if (held) await consumePage(run, held, true);
  } finally {
    // When storing failed, nobody waits for the page under way.
    stop.abort();
    await pages.return(undefined);
  }
}

async function consumePage(run: Run, page: MonoPage, isLast: boolean): Promise<void> {
  const { deps, account, counts } = run;
  const transform = deps.transform ?? transformTransaction;
  const outcomes = await run.clock.run('transform', () =>
    page.transactions.map((raw) => transform(raw, { currency: account.currency })),
  );
  for (const outcome of outcomes) {
    if (outcome.ok && (run.newest === null || outcome.row.transactionDate > run.newest)) {
      run.newest = outcome.row.transactionDate;
    }
  }
  const cursor = isLast && run.movesCursor ? run.newest : null;
  const stored = await run.clock.run('persist', () =>
    storePage(deps.db, { runId: run.ids.runId, account, page, outcomes, cursor }),
  );
  counts.pages += 1;
  // Rows that a shifting list shows twice are counted once.
  counts.fetched += stored.inserted + stored.duplicates + stored.rejected;
  counts.inserted += stored.inserted;
  counts.duplicates += stored.duplicates;
  counts.rejected += stored.rejected;
}

async function succeed(run: Run): Promise<SyncResult> {
  const { deps, ids, counts, events, account } = run;
  await finishRun(deps.db, ids.runId, { state: 'completed', counts, reason: null });
  await deps.db.query('UPDATE bank_accounts SET last_synced_at = now() WHERE id = $1', [account.id]);
  deps.metrics.failureStreak(account.id, await recordOutcome(deps.db, account.id, 'success'));
  const fresh = await getAccount(deps.db, account.id);
  const duration = observeStages(run);
  const base = identity(run, fresh.cursor);
  if (counts.fetched === 0) {
    deps.metrics.zeroTransactions(account.id);
    await events.emit('mono.fetch.zero_transactions', { ...base, duration }, 'warn');
  }
  await reportLatency(run, duration);
  await events.emit('mono.fetch.completed', {
    ...base,
    transactions_fetched: counts.fetched,
    pages: counts.pages,
    duration,
  });
  const { inserted, duplicates } = counts;
  await events.emit('bank.transactions.ingested', {
    connection_id: account.connectionId,
    account_id: account.id,
    inserted,
    duplicates,
  });
  await events.emit('mono.pipeline.completed', {
    account_id: account.id,
    account_db_id: account.id,
    synced_transactions: counts.fetched,
    persisted: inserted,
    duplicates,
    correlation_id: ids.pipeline,
  });
  return { ...counts, ids, account: fresh, cursor: fresh.cursor };
}

async function fail(run: Run, error: unknown): Promise<void> {
  const { deps, ids, account, counts } = run;
  const reason = classOf(error);
  const stage = run.clock.failed() ?? 'persist';
  const duration = observeStages(run);
  deps.log.warn(
    { event: 'sync.error', correlation_id: ids.sync, account_id: account.id, ...describeForLog(error) },
    'sync.error',
  );
  deps.metrics.error(stage, reason, account.id);
  await finishRun(deps.db, ids.runId, { state: 'failed', counts, reason }).catch(() => {});
  const failures = await recordOutcome(deps.db, account.id, 'error').catch(() => 0);
  deps.metrics.failureStreak(account.id, failures);
  await reportLatency(run, duration);
  const payload = {
    ...identity(run, account.cursor),
    failures,
    threshold: streakThreshold,
    duration,
    reason,
    stage,
  };
  const escalation = { severity: 'error', failures, threshold: streakThreshold, account_id: account.id };
  if (failures >= streakThreshold) {
    await run.events.emit('mono.fetch.failed', { ...payload, escalation }, 'error');
  } else {
    await run.events.emit('mono.fetch.failed', payload, 'warn');
  }
  if (run.input.isLastAttempt) await keepDeadLetter(run, reason, stage).catch(() => {});
}

function keepDeadLetter(run: Run, reason: string, stage: Stage): Promise<void> {
  const operation = stage === 'sync' ? operations.fetch : operations.sync;
  const { window, pageLimit } = run.input;
  return recordDeadLetter(run.deps.db, {
    topic: operation.deadLetterTopic,
    operation: operation.name,
    subjectId: run.account.id,
    payload: { account_id: run.account.id, window, page_limit: pageLimit },
    reason,
    correlationId: run.ids.sync,
  });
}

/** One observation a stage and run; gives the seconds of the fetch. */
function observeStages({ clock, deps, account }: Run): number {
  for (const stage of stages) {
    const seconds = clock.seconds(stage);
    const outcome = clock.failed() === stage ? 'error' : 'success';
    if (seconds !== undefined) deps.metrics.stage(stage, outcome, account.id, seconds);
  }
  return clock.seconds('sync') ?? 0;
}

async function reportLatency(run: Run, duration: number): Promise<void> {
  if (duration <= latencySlaSeconds) return;
  await run.events.emit(
    'mono.fetch.latency_sla_exceeded',
    { account_id: run.account.id, duration, threshold: latencySlaSeconds, correlation_id: run.ids.sync },
    'warn',
  );
}
