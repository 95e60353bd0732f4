import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client';
import { monoErrorClasses } from './client.ts';
import { type Stage, serviceRole, stages } from './operations.ts';
import type { ClientMetrics } from './types.ts';

const provider = 'mono';

/** `reason` of the error counter is one of these, else `other`: a new exception never makes a new series. */
export const errorClasses = [
  ...monoErrorClasses,
  'DatabaseError',
  'ServiceError',
  'AbortError',
  'TypeError',
] as const;

const reasons = [...errorClasses, 'other'] as const;

export type Outcome = 'success' | 'error';

export interface MonoMetrics {
  /** Makes the series of an account at zero, so that an alert over a healthy account has data. */
  prime(accountId: string): void;
  stage(stage: Stage, outcome: Outcome, accountId: string, seconds: number): void;
  error(stage: Stage, reason: string, accountId: string): void;
  zeroTransactions(accountId: string): void;
  failureStreak(accountId: string, streak: number): void;
  rateLimitWait(seconds: number): void;
  client: ClientMetrics;
}

/** At most `maxAccounts` values of `account_id` live at once; further accounts share `other`. */
function createAccountLabel(maxAccounts: number): (accountId: string) => string {
  const known = new Set<string>();
  return (accountId) => {
    if (known.has(accountId)) return accountId;
    if (known.size >= maxAccounts) return 'other';
    known.add(accountId);
    return accountId;
  };
}

function createSeries(registry: Registry, refreshStreaks: () => Promise<void>) {
  const registers = [registry];
  return {
    seconds: new Histogram({
      name: 'taxpoynt_mono_pipeline_stage_seconds',
      help: 'Time that a stage took in one run; waiting for the rate limit is not in it.',
      labelNames: ['provider', 'stage', 'outcome', 'account_id'] as const,
      buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
      registers,
    }),
    errors: new Counter({
      name: 'taxpoynt_mono_pipeline_errors_total',
      help: 'Failed runs by stage and exception class.',
      labelNames: ['provider', 'stage', 'reason', 'account_id'] as const,
      registers,
    }),
    zero: new Counter({
      name: 'taxpoynt_mono_pipeline_zero_transactions_total',
      help: 'Runs in which the provider had no transaction.',
      labelNames: ['provider', 'account_id'] as const,
      registers,
    }),
    streak: new Gauge({
      name: 'taxpoynt_mono_pipeline_failure_streak',
      help: 'Failed runs of an account since the last one that worked.',
      labelNames: ['provider', 'account_id'] as const,
      registers,
      collect: refreshStreaks,
    }),
  };
}

function createClientSeries(registry: Registry) {
  const labelNames = ['method', 'endpoint', 'status_code', 'service_role'] as const;
  return {
    requests: new Counter({
      name: 'taxpoynt_http_requests_total',
      help: 'Requests to a provider, by endpoint template.',
      labelNames,
      registers: [registry],
    }),
    seconds: new Histogram({
      name: 'taxpoynt_http_request_duration_seconds',
      help: 'Time of a request to a provider.',
      labelNames,
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
      registers: [registry],
    }),
    waits: new Histogram({
      name: 'taxpoynt_mono_rate_limit_wait_seconds',
      help: 'Time that a request waited for its turn under MONO_RATE_LIMIT_PER_MINUTE.',
      labelNames: ['provider'] as const,
      buckets: [0.01, 0.1, 0.5, 1, 5, 15, 30, 60],
      registers: [registry],
    }),
  };
}

export interface MonoMetricsOptions {
  maxAccounts: number;
  /** The streaks as all instances see them: a run elsewhere changes what is scraped here. */
  readStreaks?: () => Promise<{ id: string; streak: number }[]>;
}

export function createMonoMetrics(registry: Registry, options: MonoMetricsOptions): MonoMetrics {
  const { maxAccounts, readStreaks = async () => [] } = options;
  const setStreak = (accountId: string, streak: number) =>
    series.streak.set({ provider, account_id: label(accountId) }, streak);
  const series = createSeries(registry, async () => {
    // Without the database the last known values are scraped.
    for (const { id, streak } of await readStreaks().catch(() => [])) setStreak(id, streak);
  });
  const client = createClientSeries(registry);
  const label = createAccountLabel(maxAccounts);
  const primed = new Set<string>();
  client.waits.zero({ provider });
  const rateLimitWait = (seconds: number) => client.waits.observe({ provider }, seconds);
  return {
    prime(accountId) {
      const account_id = label(accountId);
      if (primed.has(account_id)) return;
      primed.add(account_id);
      for (const stage of stages) {
        series.seconds.zero({ provider, stage, outcome: 'success', account_id });
        for (const reason of reasons) series.errors.inc({ provider, stage, reason, account_id }, 0);
      }
      series.zero.inc({ provider, account_id }, 0);
      series.streak.set({ provider, account_id }, 0);
    },
    stage(stage, outcome, accountId, seconds) {
      series.seconds.observe({ provider, stage, outcome, account_id: label(accountId) }, seconds);
    },
    error(stage, reason, accountId) {
      const known = (reasons as readonly string[]).includes(reason) ? reason : 'other';
      series.errors.inc({ provider, stage, reason: known, account_id: label(accountId) });
    },
    zeroTransactions(accountId) {
      series.zero.inc({ provider, account_id: label(accountId) });
    },
    failureStreak: setStreak,
    rateLimitWait,
    client: {
      request(endpoint, method, status, seconds) {
        const labels = { method, endpoint, status_code: status, service_role: serviceRole };
        client.requests.inc(labels);
        client.seconds.observe(labels, seconds);
      },
      rateLimitWait,
    },
  };
}

export interface WebhookMetrics {
  event(status: 'processed' | 'ignored' | 'duplicate' | 'refused'): void;
}

export function createWebhookMetrics(registry: Registry): WebhookMetrics {
  const events = new Counter({
    name: 'taxpoynt_mono_webhook_events_total',
    help: 'Webhooks received, by what became of them.',
    labelNames: ['provider', 'status'] as const,
    registers: [registry],
  });
  for (const status of ['processed', 'ignored', 'duplicate', 'refused']) events.inc({ provider, status }, 0);
  return { event: (status) => events.inc({ provider, status }) };
}
