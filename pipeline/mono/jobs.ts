import type { Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError, textOf } from '#pipeline/runtime/errors.ts';
import type { Flags } from '#pipeline/runtime/flags.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';
import { type JobContext, type JobQueue, queues } from '#pipeline/runtime/queue.ts';
import { listActiveIds } from './accounts.ts';
import { syncFlag } from './flags.ts';
import { operations } from './operations.ts';
import { purgeExpired, type RetentionOptions } from './retention.ts';
import { type SyncDeps, type SyncInput, syncAccount } from './sync.ts';
import type { SyncWindow } from './window.ts';

export interface SyncJob {
  accountId: string;
  window: SyncWindow;
  pageLimit: number;
  trigger: SyncInput['trigger'];
}

export interface JobDeps {
  sync: SyncDeps;
  queue: JobQueue;
  flags: Flags;
  log: Logger;
  defaultPageLimit: number;
  schedule: string;
  retention: RetentionOptions;
  signal: AbortSignal;
}

/** One waiting job an account and window: a burst of webhooks is one sync. */
export function enqueueSync(
  queue: JobQueue,
  job: SyncJob,
  options: { tx?: Queryable; startAfterSeconds?: number } = {},
): Promise<string | null> {
  const { retry } = operations.sync;
  return queue.enqueue(queues.sync, job, {
    key: `${job.accountId}:${JSON.stringify(job.window)}`,
    retry: { limit: retry.attempts - 1, delaySeconds: retry.delaySeconds },
    ...options,
  });
}

export interface JobRunner {
  start(): Promise<void>;
  /** Follows the flag: an instance on which it is off takes no sync job from the shared queue. */
  follow(enabled: boolean): void;
}

export function createJobRunner(deps: JobDeps): JobRunner {
  let started = false;
  let wanted = false;
  let taking = false;
  let change = Promise.resolve();

  const settle = async () => {
    if (!started || wanted === taking) return;
    if (wanted) {
      await deps.queue.take<SyncJob>(queues.sync, (job) => runSyncJob(deps, job));
      await deps.queue.take(queues.scheduledSync, () => enqueueAll(deps));
    } else {
      await deps.queue.leave(queues.sync, false);
      await deps.queue.leave(queues.scheduledSync, false);
    }
    taking = !taking;
    deps.log.info({ event: 'jobs.sync', taking }, taking ? 'takes sync jobs' : 'takes no sync job');
  };
  const follow = (enabled: boolean) => {
    wanted = enabled;
    change = change.then(settle).catch((error) => {
      deps.log.error({ err: textOf(error) }, 'the sync worker could not follow the flag');
    });
  };
  return {
    follow,
    async start() {
      started = true;
      await deps.queue.schedule(queues.retention, '17 3 * * *');
      await deps.queue.take(queues.retention, async () => {
        deps.log.info(
          { event: 'retention.purged', ...(await purgeExpired(deps.sync.db, deps.retention)) },
          'purged',
        );
      });
      if (deps.schedule === '') await deps.queue.unschedule(queues.scheduledSync);
      else await deps.queue.schedule(queues.scheduledSync, deps.schedule);
      follow(wanted);
      await change;
    },
  };
}

async function enqueueAll({ sync, queue, defaultPageLimit }: JobDeps): Promise<void> {
  for (const accountId of await listActiveIds(sync.db)) {
    await enqueueSync(queue, {
      accountId,
      window: { mode: 'incremental' },
      pageLimit: defaultPageLimit,
      trigger: 'schedule',
    });
  }
}

async function runSyncJob(deps: JobDeps, job: JobContext<SyncJob>): Promise<void> {
  await deps.flags.refresh();
  if (!(await deps.flags.enabled(syncFlag))) {
    // Taken in the moment in which the flag went off: back it goes, for an instance where the flag is on.
    await enqueueSync(deps.queue, job.data, { startAfterSeconds: 5 });
    return;
  }
  try {
    await syncAccount(deps.sync, {
      ...job.data,
      isLastAttempt: job.attempt >= operations.sync.retry.attempts,
      signal: AbortSignal.any([deps.signal, job.signal]),
    });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (error.code === 'SYNC_IN_PROGRESS') {
      // The run under way may have begun before the news that this job stands for.
      await enqueueSync(deps.queue, job.data, { startAfterSeconds: 5 });
    } else {
      // An account that is gone or unlinked stays so: trying again would not help.
      deps.log.warn(
        { event: 'jobs.dropped', account_id: job.data.accountId, reason: error.code },
        error.message,
      );
    }
  }
}
