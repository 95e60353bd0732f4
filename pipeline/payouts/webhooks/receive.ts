import type { PayoutMetrics } from '#pipeline/payouts/metrics.ts';
import type { Provider } from '#pipeline/payouts/payouts.ts';
import type { Database } from '#pipeline/runtime/db.ts';
import { brokenConstraint } from '#pipeline/runtime/errors.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';
import { applyNews, type Effect } from './apply.ts';
import { keepEvent } from './events.ts';
import { type Reading, readNews } from './news.ts';
import type { Verdict, WebhookVerifier } from './verifier.ts';

export interface ReceiveDeps {
  db: Database;
  log: Logger;
  metrics: Pick<PayoutMetrics, 'webhookReceived'>;
  verifiers: Readonly<Record<Provider, WebhookVerifier>>;
  isEnabled(provider: Provider): boolean;
  /** Until a payout that is under way is looked at again. */
  pollSeconds: number;
}

export interface Callback {
  provider: Provider;
  signature: string | undefined;
  body: Buffer;
  requestId: string;
}

export interface Received {
  status: 200 | 400 | 401 | 500 | 503;
  body: object;
}

/** Kept whatever it is; believed when it is signed, and then in one transaction with what it changes. */
export async function receiveCallback(deps: ReceiveDeps, callback: Callback): Promise<Received> {
  const { provider, signature, body, requestId } = callback;
  const verdict = deps.verifiers[provider].verify(signature, body);
  const signatureValid = verdict === 'valid';
  const reading = readNews(provider, body);
  const refusal = refusalOf(deps.isEnabled(provider), verdict, reading);
  const kept = { provider, reading, signature: signature ?? null, signatureValid, body, requestId };
  const effect = await onceMoreWhereNamed(() =>
    deps.db.transaction(async (tx): Promise<Effect> => {
      const found = refusal || !reading.news ? nothing : await applyNews(tx, provider, reading.news, deps);
      await keepEvent(tx, { ...kept, ...found, reason: refusal?.error ?? found.reason });
      return found;
    }),
  );
  deps.metrics.webhookReceived(provider, { signatureValid, applied: effect.applied });
  const reason = refusal?.error ?? effect.reason;
  deps.log.info(
    { event: 'payouts.webhook', provider, signature_valid: signatureValid, applied: effect.applied, reason },
    'payouts.webhook',
  );
  if (refusal) return { status: refusal.status, body: { detail: { error: refusal.error } } };
  return { status: 200, body: answerOf(provider, reading, effect) };
}

/** Another payout got this reference meanwhile: now that it has it, the callback is one that cannot be meant, and is kept. */
async function onceMoreWhereNamed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (brokenConstraint(thrown) !== 'mobile_money_payouts_provider_ref') throw thrown;
    return work();
  }
}

const nothing: Effect = { applied: false, reason: null, transactionId: null };

export function answerOf(provider: Provider, reading: Reading, effect: Effect) {
  return {
    ok: true as const,
    provider,
    provider_ref: reading.providerRef,
    external_ref: reading.externalRef,
    status: reading.status ?? '',
    ...(!effect.applied && { ignored: true as const, reason: effect.reason ?? 'NO_CHANGE' }),
  };
}

function refusalOf(
  isEnabled: boolean,
  verdict: Verdict,
  { problem }: Reading,
): { status: Received['status']; error: string } | undefined {
  if (!isEnabled) return { status: 503, error: 'PROVIDER_DISABLED' };
  if (verdict === 'WEBHOOK_SECRET_NOT_CONFIGURED') return { status: 500, error: verdict };
  if (verdict === 'MISSING_SIGNATURE' || verdict === 'INVALID_SIGNATURE')
    return { status: 401, error: verdict };
  return problem ? { status: 400, error: problem } : undefined;
}
