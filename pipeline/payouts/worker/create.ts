import { Gauge, type Registry } from '@prometheus-io/client';
import type { Config } from '#pipeline/config.ts';
import type { PayoutMetrics } from '#pipeline/payouts/metrics.ts';
import { type Provider, providers } from '#pipeline/payouts/payouts.ts';
import { createProviders } from '#pipeline/payouts/providers/create.ts';
import type { Queryable } from '#pipeline/runtime/db.ts';
import type { Flags } from '#pipeline/runtime/flags.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';
import { backoffFlag, enabledFlag, pausedFlag } from './flags.ts';
import { leaseOf, type WorkerSettings } from './settings.ts';
import { createPayoutWorker, type PayoutWorker } from './worker.ts';

export interface PayoutWorkerDeps {
  config: Config;
  db: Queryable;
  flags: Flags;
  registry: Registry;
  log: Logger;
  metrics: PayoutMetrics;
}

export interface WatchedWorker extends PayoutWorker {
  /** Whether each of its loops has come round lately. */
  isAlive(): boolean;
}

export function createWatchedWorker(deps: PayoutWorkerDeps): WatchedWorker {
  const { config, db, flags, registry, log, metrics } = deps;
  const settings: WorkerSettings = {
    intervalMs: config.PAYOUT_INTERVAL_MS,
    batch: config.PAYOUT_BATCH,
    backoffMs: config.PAYOUT_BACKOFF_MS,
    pollMs: config.PAYOUT_POLL_MS,
    timeoutMs: config.PAYOUT_TIMEOUT_MS,
    settleMs: config.PAYOUT_SETTLE_MS,
  };
  const beats = new Map(providers.map((provider) => [provider, performance.now()]));
  const heartbeat = new Gauge({
    name: 'payout_worker_heartbeat_timestamp_seconds',
    help: 'When the worker last looked for due payouts, in seconds since 1970.',
    labelNames: ['provider'] as const,
    registers: [registry],
  });
  const worker = createPayoutWorker({
    db,
    log,
    settings,
    providers: createProviders(config),
    ...rulesOf(flags),
    attempted: metrics.attempted,
    random: Math.random,
    beat(provider) {
      beats.set(provider, performance.now());
      heartbeat.set({ provider }, Date.now() / 1000);
    },
  });
  // Slots that are all taken are free again when a lease has ended, at the latest.
  const patienceMs = leaseOf(settings) + 2 * settings.intervalMs;
  return {
    ...worker,
    isAlive: () => [...beats.values()].every((at) => performance.now() - at < patienceMs),
    async processOnce() {
      // Who asks for it has perhaps just turned a flag.
      await flags.refresh();
      return worker.processOnce();
    },
  };
}

export function rulesOf(flags: Flags) {
  let values: ReadonlyMap<string, unknown> = new Map();
  flags.watch((now) => {
    values = now;
  });
  return {
    isEnabled: (provider: Provider) => values.get(enabledFlag(provider)) === true,
    isPaused: (provider: Provider) => values.get(pausedFlag(provider)) === true,
    backoffFactor: (provider: Provider) => Number(values.get(backoffFlag(provider)) ?? 1),
  };
}
