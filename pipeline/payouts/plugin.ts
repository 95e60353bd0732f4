import type { Registry } from '@prometheus-io/client';
import type { FastifyInstance } from 'fastify';
import type { Config } from '#pipeline/config.ts';
import { type Database, patientMs } from '#pipeline/runtime/db.ts';
import type { Flags } from '#pipeline/runtime/flags.ts';
import { takeEmptyJson } from '#pipeline/runtime/input.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';
import type { TurnStore } from '#pipeline/runtime/rate-limiter.ts';
import { registerPayoutAdmin } from './admin-routes.ts';
import { registerBootstrap } from './bootstrap.ts';
import { requireStagingKey } from './caller.ts';
import { answerWithDetail } from './errors.ts';
import { createPayoutMetrics } from './metrics.ts';
import { registerMoneyRoutes } from './money-routes.ts';
import { providers } from './payouts.ts';
import { createSweeper, forgetEvents, forgetKeys } from './retention.ts';
import { registerSessionRoutes } from './session-routes.ts';
import { registerReplay, registerWebhooks } from './webhooks/routes.ts';
import { createVerifiers } from './webhooks/verifier.ts';
import { createWatchedWorker, rulesOf, type WatchedWorker } from './worker/create.ts';
import { exposeOpenPayouts } from './worker/gauges.ts';

export interface PayoutsDeps {
  config: Config;
  db: Database;
  /** What is open is told also while the pool has no connection to give. */
  probe: Database;
  flags: Flags;
  registry: Registry;
  turns: TurnStore;
  log: Logger;
}

export interface Payouts {
  register(app: FastifyInstance): Promise<void>;
  /** When the schema is there: what is kept too long is forgotten from now on. */
  start(): void;
  stop(): Promise<void>;
}

/** What of payouts runs in a process of its own, which may be one of many. */
export function createPayoutsWorker(deps: Omit<PayoutsDeps, 'turns'>): WatchedWorker {
  const { config, db, registry } = deps;
  exposeOpenPayouts(registry, deps.probe);
  const metrics = createPayoutMetrics(registry);
  const worker = createWatchedWorker({ ...deps, metrics });
  const sweeper = createSweeper(deps.log, () =>
    forgetEvents({ db, metrics }, config.WEBHOOK_EVENT_RETENTION_DAYS),
  );
  return {
    ...worker,
    start() {
      worker.start();
      sweeper.start();
    },
    async stop() {
      await Promise.all([worker.stop(), sweeper.stop()]);
    },
  };
}

export function createPayouts(deps: PayoutsDeps): Payouts {
  const { config, db, probe, registry, turns, log } = deps;
  const metrics = createPayoutMetrics(registry);
  // Beside requests: what it took waits for a connection with patience, and is not so much that no request could wait.
  const patient = db.within(patientMs);
  const most = Math.max(1, Math.floor(config.DB_POOL_MAX_WAITING / (2 * providers.length)));
  const beside = { ...config, PAYOUT_BATCH: Math.min(config.PAYOUT_BATCH, most) };
  const worker = createWatchedWorker({ ...deps, config: beside, db: patient, metrics });
  exposeOpenPayouts(registry, probe);
  const webhooks = {
    db,
    log,
    metrics,
    verifiers: createVerifiers(config),
    isEnabled: rulesOf(deps.flags).isEnabled,
    pollSeconds: config.PAYOUT_POLL_MS / 1000,
  };
  const retentionHours = config.IDEMPOTENCY_RETENTION_HOURS;
  const retention = { db: patient, metrics };
  const sweeper = createSweeper(log, () => forgetKeys(retention, retentionHours));
  return {
    async register(app) {
      await registerWebhooks(app, webhooks, { turns, perMinute: config.WEBHOOKS_PER_MINUTE });
      await app.register(async (scope) => {
        answerWithDetail(scope);
        takeEmptyJson(scope);
        requireStagingKey(scope, config.STAGING_KEY);
        registerSessionRoutes(scope, { db, turns, loginsPerMinute: config.LOGINS_PER_MINUTE });
        registerMoneyRoutes(scope, {
          db,
          log,
          metrics,
          retentionHours,
          rules: {
            feeBasisPoints: config.PAYOUT_FEE_BASIS_POINTS,
            dailyLimitCents: config.CASH_OUT_DAILY_LIMIT_CENTS,
          },
        });
        registerPayoutAdmin(scope, { db, processOnce: worker.processOnce });
        registerReplay(scope, webhooks);
        if (config.ENV !== 'prod' && config.BOOTSTRAP_SECRET !== '') {
          registerBootstrap(scope, db, config.BOOTSTRAP_SECRET);
        }
      });
    },
    start: sweeper.start,
    stop: sweeper.stop,
  };
}
