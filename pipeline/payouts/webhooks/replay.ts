import { audit } from '#pipeline/payouts/audit.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { applyNews } from './apply.ts';
import { findEvent, keepEvent } from './events.ts';
import { readNews } from './news.ts';
import { answerOf, type ReceiveDeps } from './receive.ts';

export interface ReplayOrder {
  eventId: string;
  /** A payout that failed, and of which the event says that it was paid, is debited again and confirmed. */
  override: boolean;
  actor: string;
  requestId: string;
}

/**
 * An event that was kept is believed now, if its signature holds under the secrets of now: after a secret was wrong
 * here, nothing has to be sent again by the provider. One whose signature never held stays unbelieved.
 */
export async function replayEvent(deps: ReceiveDeps, order: ReplayOrder) {
  const { eventId, override, actor, requestId } = order;
  const event = await findEvent(deps.db, eventId);
  if (!event) throw new ServiceError('NOT_FOUND', 'Webhook event not found');
  const { provider, signature, body } = event;
  const isValid =
    event.signature_valid || deps.verifiers[provider].verify(signature ?? undefined, body) === 'valid';
  if (!isValid) throw new ServiceError('EVENT_NOT_VERIFIED', 'its signature holds under no secret of now');
  const reading = readNews(provider, body);
  const { news } = reading;
  if (!news) throw new ServiceError('EVENT_NOT_READABLE', 'it names no payout or no status');
  return deps.db.transaction(async (tx) => {
    const effect = await applyNews(tx, provider, news, { pollSeconds: deps.pollSeconds, override });
    const kept = { provider, reading, signature, signatureValid: true, body, requestId, replayOf: eventId };
    const id = await keepEvent(tx, { ...kept, ...effect });
    const detail = { applied: effect.applied, reason: effect.reason, override };
    await audit(tx, { actor, requestId, action: 'webhook.replay', target: eventId, detail });
    return { ...answerOf(provider, reading, effect), event_id: id };
  });
}
