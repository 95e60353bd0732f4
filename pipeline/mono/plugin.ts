import { Gauge, type Registry } from '@prometheus-io/client';
import type { FastifyInstance } from 'fastify';
import type { Config } from '#pipeline/config.ts';
import type { Database } from '#pipeline/runtime/db.ts';
import type { Flags } from '#pipeline/runtime/flags.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';
import type { JobQueue } from '#pipeline/runtime/queue.ts';
import { createRateLimiter, type TurnStore } from '#pipeline/runtime/rate-limiter.ts';
import { listStreaks } from './accounts.ts';
import { registerDeadLetterRoutes } from './admin-routes.ts';
import { createMonoClient } from './client.ts';
import { backoffFlag, syncFlag } from './flags.ts';
import { createJobRunner } from './jobs.ts';
import { createMonoMetrics, createWebhookMetrics } from './metrics.ts';
import { operations, validateRegistry } from './operations.ts';
import { registerIntegratorRoutes } from './routes.ts';
import { abandonRunsOf } from './runs.ts';
import { type SyncDeps, syncAccount } from './sync.ts';
import { type OperationDeps, runSyncOperation } from './sync-operation.ts';
import { transformTransaction } from './transform.ts';
import type { TokenProvider } from './types.ts';
import { registerWebhook } from './webhook.ts';

export interface MonoDeps {
  config: Config;
  db: Database;
  /** What metrics tell is asked also while the pool has no connection to give. */
  probe: Database;
  queue: JobQueue;
  flags: Flags;
  registry: Registry;
  log: Logger;
  token: TokenProvider;
  turns: TurnStore;
  /** Aborts runs under way when the drain has waited long enough. */
  signal: AbortSignal;
}

export interface Mono {
  sync: SyncDeps;
  register(app: FastifyInstance): Promise<void>;
  /** When the schema is there: housekeeping of a former life of this instance, and jobs. */
  start(): Promise<void>;
}

export function createMono(deps: MonoDeps): Mono {
  const { config, db, queue, flags, registry, log } = deps;
  const sync = createSyncDeps(deps);
  const operation: OperationDeps = {
    sync,
    flags,
    areCredentialsSet: config.MONO_SECRET_KEY !== '' && config.MONO_APP_ID !== '',
    defaultPageLimit: config.MONO_DEFAULT_TRANSACTION_LIMIT,
  };
  checkRegistry(deps);
  exposeTokenAge(registry, deps.token);
  const jobs = createJobRunner({
    sync,
    queue,
    flags,
    log,
    defaultPageLimit: config.MONO_DEFAULT_TRANSACTION_LIMIT,
    schedule: config.MONO_SYNC_SCHEDULE,
    retention: { rawDays: config.MONO_RAW_RETENTION_DAYS },
    signal: deps.signal,
  });
  return {
    sync,
    async register(app) {
      registerIntegratorRoutes(app, { ...operation, signal: deps.signal });
      registerDeadLetterRoutes(app, { db, queue });
      await registerWebhook(app, {
        db,
        queue,
        log,
        metrics: createWebhookMetrics(registry),
        verify: config.MONO_VERIFY_WEBHOOKS,
        mode: config.MONO_WEBHOOK_MODE,
        secrets: webhookSecrets(config),
        defaultPageLimit: config.MONO_DEFAULT_TRANSACTION_LIMIT,
      });
    },
    async start() {
      await abandonRunsOf(db, config.INSTANCE_ID);
      for (const { id } of await listStreaks(db, config.METRICS_MAX_ACCOUNTS)) sync.metrics.prime(id);
      await jobs.start();
      flags.watch((values) => jobs.follow(values.get(syncFlag) === true));
    },
  };
}

function checkRegistry({ config, log }: MonoDeps): void {
  const handlers = new Map<string, unknown>([
    [operations.fetch.name, syncAccount],
    [operations.transform.name, transformTransaction],
    [operations.sync.name, runSyncOperation],
  ]);
  validateRegistry(Object.values(operations), handlers, {
    validate: config.ROUTER_VALIDATE_ON_STARTUP,
    failFast: config.ROUTER_FAIL_FAST_ON_STARTUP,
    warn: (problem) => log.warn({ event: 'registry.problem', problem }, problem),
  });
}

function exposeTokenAge(registry: Registry, token: TokenProvider): void {
  new Gauge({
    name: 'taxpoynt_mono_token_age_seconds',
    help: 'Age of the oldest provider token held in memory; 0 when none is held.',
    registers: [registry],
    collect() {
      this.set(token.ageSeconds());
    },
  });
}

export function createSyncDeps(deps: Omit<MonoDeps, 'queue' | 'signal'>): SyncDeps {
  const { config, db, flags, log } = deps;
  const metrics = createMonoMetrics(deps.registry, {
    maxAccounts: config.METRICS_MAX_ACCOUNTS,
    readStreaks: () => listStreaks(deps.probe, config.METRICS_MAX_ACCOUNTS),
  });
  const client = createMonoClient({
    baseUrl: config.MONO_BASE_URL,
    token: deps.token,
    appId: config.MONO_APP_ID,
    rateLimiter: createRateLimiter(
      deps.turns,
      `mono:${config.MONO_APP_ID}`,
      config.MONO_RATE_LIMIT_PER_MINUTE,
    ),
    metrics: metrics.client,
    maxPages: config.MONO_MAX_PAGES,
    maxBodyBytes: config.MONO_MAX_BODY_BYTES,
    timeoutMs: config.MONO_REQUEST_TIMEOUT * 1000,
    retries: config.MONO_RETRIES ?? operations.fetch.retry.attempts - 1,
    backoffFactor: () => flags.number(backoffFlag),
  });
  return { db, client, metrics, log, instanceId: config.INSTANCE_ID, overlapDays: config.MONO_OVERLAP_DAYS };
}

function webhookSecrets(config: Config) {
  if (config.MONO_WEBHOOK_SECRET === '') return undefined;
  const previous = config.MONO_WEBHOOK_SECRET_PREVIOUS;
  return { current: config.MONO_WEBHOOK_SECRET, ...(previous !== '' && { previous }) };
}
