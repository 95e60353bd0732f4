import type { Registry } from '@prometheus-io/client';
import type { FastifyInstance } from 'fastify';
import type { Config } from '#pipeline/config.ts';
import { type Database, patientMs } from '#pipeline/runtime/db.ts';
import { textOf } from '#pipeline/runtime/errors.ts';
import type { Flags } from '#pipeline/runtime/flags.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';
import { createWaiter } from '#pipeline/runtime/waiter.ts';
import { registerPlatformAdmin } from './admin-routes.ts';
import { cacheFlag, observabilityFlag } from './flags.ts';
import { createGate } from './gate.ts';
import { registerMemberRoutes } from './member-routes.ts';
import { createModerationMetrics } from './moderation-metrics.ts';
import { registerModerationRoutes } from './moderation-routes.ts';
import { createSampler } from './moderation-samples.ts';
import { registerNotifications } from './notifications.ts';
import { createSanctionCache } from './sanction-cache.ts';
import { expireHolds } from './shop.ts';
import { registerShopRoutes } from './shop-routes.ts';
import { createMemberLogin } from './users.ts';

export interface EconomyDeps {
  config: Config;
  db: Database;
  flags: Flags;
  registry: Registry;
  log: Logger;
}

export interface Economy {
  register(app: FastifyInstance): void;
  /** When the schema is there: holds that are over are set free from now on. */
  start(): void;
  stop(): Promise<void>;
}

const sweepMs = 5000;

export function createEconomy({ config, db, flags, registry, log }: EconomyDeps): Economy {
  const metrics = createModerationMetrics(registry);
  const cache = createSanctionCache({
    ttlMs: config.MODERATION_CACHE_TTL_SECONDS * 1000,
    observer: metrics.cache,
  });
  const sample = createSampler({ rate: config.MODERATION_SAMPLING_RATE, log, dropped: metrics.dropped });
  const gate = createGate({ db, flags, cache, metrics, sample });
  flags.watch((values) => {
    metrics.follow(values.get(observabilityFlag) === true);
    if (values.get(cacheFlag) !== true) cache.clear();
  });
  const waiter = createWaiter();
  let sweeping = Promise.resolve();
  const sweep = async () => {
    while (waiter.isWaiting()) {
      await expireHolds(db.within(patientMs)).catch((error) =>
        log.warn({ err: textOf(error) }, 'holds could not be expired'),
      );
      await waiter.pause(sweepMs);
    }
  };
  return {
    register(app) {
      registerMemberRoutes(app, db, createMemberLogin(db));
      registerShopRoutes(app, { db, gate, holdSeconds: config.SHOP_HOLD_SECONDS });
      registerModerationRoutes(app, { db, gate, cache });
      registerPlatformAdmin(app, db);
      registerNotifications(app, { gate, registry });
    },
    start() {
      sweeping = sweep();
    },
    stop() {
      waiter.stop();
      return sweeping;
    },
  };
}
