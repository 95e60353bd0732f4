import { Counter, type Registry } from '@prometheus-io/client';
import { type Provider, providers } from './payouts.ts';

/** Routes that want an Idempotency-Key, as the table and the metrics name them. */
export const keyedRoutes = ['cash_in_mobile_money', 'cash_out_mobile_money'] as const;
export type KeyedRoute = (typeof keyedRoutes)[number];

export const attemptResults = ['SENT', 'CONFIRMED', 'FAILED'] as const;
export type AttemptResult = (typeof attemptResults)[number];

/** What is deleted when it has been kept long enough. */
export type Forgotten = 'idempotency_key' | 'webhook_event';

export interface PayoutMetrics {
  /** Once a submission; asking a provider for the status counts for nothing. */
  attempted(provider: Provider, result: AttemptResult): void;
  webhookReceived(provider: Provider, outcome: { signatureValid: boolean; applied: boolean }): void;
  replayed(route: KeyedRoute): void;
  conflicted(route: KeyedRoute): void;
  forgotten(kind: Forgotten, rows: number): void;
}

/** Every series begins at zero, so that the first of anything already shows as an increase. */
export function createPayoutMetrics(registry: Registry): PayoutMetrics {
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
  const attempts = counter('payout_attempts_total', 'Submissions to a provider, by their result.', [
    'provider',
    'result',
  ]);
  const webhooks = counter('webhook_events_total', 'Webhooks of providers, rejected ones too.', [
    'provider',
    'signature_valid',
    'applied',
  ]);
  const replays = counter('idempotency_replays_total', 'Answers that were given once more.', ['route']);
  const conflicts = counter('idempotency_conflicts_total', 'Keys that came with another request.', ['route']);
  const forgotten = counter('payout_rows_forgotten_total', 'Rows deleted after their retention, by kind.', [
    'kind',
  ]);
  for (const kind of ['idempotency_key', 'webhook_event']) forgotten.inc({ kind }, 0);
  for (const provider of providers) {
    for (const result of attemptResults) attempts.inc({ provider, result }, 0);
    for (const [signature_valid, applied] of [
      ['true', 'true'],
      ['true', 'false'],
      ['false', 'false'],
    ] as const) {
      webhooks.inc({ provider, signature_valid, applied }, 0);
    }
  }
  for (const route of keyedRoutes) {
    replays.inc({ route }, 0);
    conflicts.inc({ route }, 0);
  }
  return {
    attempted: (provider, result) => attempts.inc({ provider, result }),
    webhookReceived: (provider, { signatureValid, applied }) =>
      webhooks.inc({ provider, signature_valid: String(signatureValid), applied: String(applied) }),
    replayed: (route) => replays.inc({ route }),
    conflicted: (route) => conflicts.inc({ route }),
    forgotten: (kind, rows) => forgotten.inc({ kind }, rows),
  };
}
