import { Counter, Histogram, type Registry } from '@prometheus-io/client';
import { type DropReason, dropReasons } from './moderation-samples.ts';
import type { CacheObserver } from './sanction-cache.ts';

export const reasonCodes = ['BANNED', 'MUTED', 'SUSPENDED'] as const;
export type ReasonCode = (typeof reasonCodes)[number];

export interface ModerationMetrics {
  cache: CacheObserver;
  decided(reason: ReasonCode | null, seconds: number): void;
  dropped(reason: DropReason): void;
  readonly isOn: boolean;
  /** Off, nothing is counted, and the scrape does not hold the names either. */
  follow(isOn: boolean): void;
}

function defineMetrics() {
  const decisions = new Counter({
    name: 'moderation_gate_decisions_total',
    help: 'Decisions of the moderation gate, by result and reason.',
    labelNames: ['result', 'reason'] as const,
    registers: [],
  });
  const latency = new Histogram({
    name: 'moderation_gate_latency_seconds',
    help: 'Time that the moderation gate takes to decide.',
    buckets: [0.01, 0.05, 0.1, 0.15, 0.25, 0.5, 1],
    registers: [],
  });
  const counter = (name: string, help: string) => new Counter({ name, help, registers: [] });
  const hits = counter('moderation_cache_hits_total', 'Sanctions that were answered from the cache.');
  const misses = counter('moderation_cache_misses_total', 'Sanctions that had to be looked up.');
  const invalidations = counter(
    'moderation_cache_invalidations_total',
    'Entries dropped since a sanction changed.',
  );
  const drops = new Counter({
    name: 'moderation_observability_dropped_total',
    help: 'Samples of decisions that were not written, by reason.',
    labelNames: ['reason'] as const,
    registers: [],
  });
  return { decisions, latency, hits, misses, invalidations, drops };
}

export function createModerationMetrics(registry: Registry): ModerationMetrics {
  const { decisions, latency, hits, misses, invalidations, drops } = defineMetrics();
  const metrics = {
    moderation_gate_decisions_total: decisions,
    moderation_gate_latency_seconds: latency,
    moderation_cache_hits_total: hits,
    moderation_cache_misses_total: misses,
    moderation_cache_invalidations_total: invalidations,
    moderation_observability_dropped_total: drops,
  };
  const labelsOf = (reason: ReasonCode | null) => ({
    result: reason === null ? 'allow' : 'deny',
    reason: reason ?? 'NONE',
  });
  for (const reason of [null, ...reasonCodes]) decisions.inc(labelsOf(reason), 0);
  for (const reason of dropReasons) drops.inc({ reason }, 0);
  let isOn = false;
  const count = (metric: Counter) => () => {
    if (isOn) metric.inc();
  };
  return {
    cache: { hit: count(hits), miss: count(misses), invalidation: count(invalidations) },
    decided(reason, seconds) {
      if (!isOn) return;
      decisions.inc(labelsOf(reason));
      latency.observe(seconds);
    },
    dropped: (reason) => drops.inc({ reason }),
    get isOn() {
      return isOn;
    },
    follow(wanted) {
      if (wanted === isOn) return;
      isOn = wanted;
      for (const [name, metric] of Object.entries(metrics)) {
        if (isOn) registry.registerMetric(metric);
        else registry.removeSingleMetric(name);
      }
    },
  };
}
