import { type Db as BossDb, type Job, PgBoss } from 'pg-boss';
import type { Queryable } from './db.ts';
import type { Logger } from './logging.ts';
import { continueTrace, currentTraceparent, inSpan } from './trace.ts';

const schema = 'pgboss';

/** A job whose instance vanished goes to another after at most the sum of both. */
const heartbeatSeconds = 30;
const superviseSeconds = 15;

export const queues = {
  sync: 'mono-sync',
  scheduledSync: 'mono-sync-all',
  retention: 'retention',
} as const;

export type QueueName = (typeof queues)[keyof typeof queues];

export interface JobContext<T> {
  data: T;
  signal: AbortSignal;
  attempt: number;
}

export interface EnqueueOptions {
  /** Within one transaction with other writes, or not at all. */
  tx?: Queryable;
  /** At most one waiting job for each key. */
  key?: string;
  startAfterSeconds?: number;
  retry?: { limit: number; delaySeconds: number };
}

export interface JobQueue {
  isRunning(): boolean;
  start(): Promise<void>;
  /** Gives null when an equal job is waiting already. */
  enqueue(queue: QueueName, data: object, options?: EnqueueOptions): Promise<string | null>;
  take<T extends object>(queue: QueueName, handler: (job: JobContext<T>) => Promise<void>): Promise<void>;
  /** Takes no further job; `wait` also waits for those under way. */
  leave(queue: QueueName, wait: boolean): Promise<void>;
  schedule(queue: QueueName, cron: string): Promise<void>;
  unschedule(queue: QueueName): Promise<void>;
  stats(): Promise<QueueDepth[]>;
  stop(timeoutMs: number): Promise<void>;
}

export interface QueueDepth {
  queue: QueueName;
  state: string;
  depth: number;
  oldestSeconds: number;
}

/** Made by the deploy step, so that an instance can start with no right to create tables. */
export async function installQueue(databaseUrl: string): Promise<void> {
  const boss = new PgBoss({
    connectionString: databaseUrl,
    schema,
    supervise: false,
    schedule: false,
    max: 2,
  });
  boss.on('error', () => {});
  await boss.start();
  try {
    await boss.createQueue(queues.sync, {
      policy: 'short',
      expireInSeconds: 1800,
    });
    await boss.createQueue(queues.scheduledSync, { policy: 'short', retryLimit: 1 });
    await boss.createQueue(queues.retention, { policy: 'short', retryLimit: 3, retryDelay: 60 });
  } finally {
    await boss.stop({ graceful: false });
  }
}

export async function isQueueInstalled(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ present: boolean }>('SELECT to_regclass($1) IS NOT NULL AS present', [
    `${schema}.version`,
  ]);
  return rows[0]?.present === true;
}

/** Told of every job that ends here. */
export type JobObserver = (queue: QueueName, result: 'success' | 'error', seconds: number) => void;

export interface QueueOptions {
  observe: JobObserver;
  databaseUrl: string;
  /** For the depths, which a scrape asks for while the pool may have no connection to give. */
  probe: Queryable;
  log: Logger;
  pollIntervalMs: number;
}

export function createQueue(options: QueueOptions): JobQueue {
  const boss = new PgBoss({
    connectionString: options.databaseUrl,
    schema,
    migrate: false,
    superviseIntervalSeconds: superviseSeconds,
    monitorIntervalSeconds: superviseSeconds,
    max: 4,
    application_name: 'countersign-queue',
  });
  boss.on('error', (error) => options.log.warn({ err: error.message }, 'the job queue met an error'));
  let running = false;
  return {
    isRunning: () => running,
    async start() {
      await boss.start();
      running = true;
    },
    enqueue: (queue, data, send = {}) =>
      boss.send(queue, withTrace(data), {
        heartbeatSeconds,
        ...(send.tx ? { db: asBossDb(send.tx) } : {}),
        ...(send.key ? { singletonKey: send.key } : {}),
        ...(send.startAfterSeconds ? { startAfter: send.startAfterSeconds } : {}),
        ...(send.retry
          ? { retryLimit: send.retry.limit, retryDelay: send.retry.delaySeconds, retryBackoff: true }
          : {}),
      }),
    async take<T extends object>(queue: QueueName, handler: (job: JobContext<T>) => Promise<void>) {
      const settings = { batchSize: 1, pollingIntervalSeconds: options.pollIntervalMs / 1000 };
      await boss.work<T & Traced>(queue, settings, async (jobs: Job<T & Traced>[]) => {
        for (const job of jobs) {
          const { data, signal, retryCount } = job;
          const run = () => handler({ data, signal, attempt: retryCount + 1 });
          await inSpan(continueTrace(data?.traceparent), () => observed(options.observe, queue, run));
        }
      });
    },
    leave: (queue, wait) => boss.offWork(queue, { wait }),
    schedule: (queue, cron) => boss.schedule(queue, cron),
    unschedule: (queue) => boss.unschedule(queue),
    stats: () => readDepths(options.probe),
    async stop(timeoutMs) {
      if (!running) return;
      running = false;
      await boss.stop({ graceful: true, timeout: timeoutMs });
    },
  };
}

interface Traced {
  traceparent?: string;
}

/** A job belongs to the trace of the request or the job that asked for it. */
function withTrace(data: object): object {
  const traceparent = currentTraceparent();
  return traceparent === undefined ? data : { ...data, traceparent };
}

async function observed(observe: JobObserver, queue: QueueName, work: () => Promise<void>): Promise<void> {
  const from = performance.now();
  const seconds = () => (performance.now() - from) / 1000;
  try {
    await work();
    observe(queue, 'success', seconds());
  } catch (error) {
    observe(queue, 'error', seconds());
    throw error;
  }
}

function asBossDb(tx: Queryable): BossDb {
  return { executeSql: (text, values) => tx.query(text, values) };
}

async function readDepths(db: Queryable): Promise<QueueDepth[]> {
  const { rows } = await db.query<{ name: QueueName; state: string; depth: string; oldest: string }>(
    `SELECT q.name, s.state, count(j.id) AS depth,
       coalesce(extract(epoch FROM now() - min(j.created_on)), 0) AS oldest
     FROM unnest($1::text[]) AS q (name)
     CROSS JOIN unnest(ARRAY['created', 'retry', 'active', 'failed']) AS s (state)
     LEFT JOIN ${schema}.job AS j ON j.name = q.name AND j.state::text = s.state
     GROUP BY q.name, s.state`,
    [Object.values(queues)],
  );
  return rows.map((row) => ({
    queue: row.name,
    state: row.state,
    depth: Number(row.depth),
    oldestSeconds: Number(row.oldest),
  }));
}
