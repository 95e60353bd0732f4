import { ServiceError } from '#pipeline/runtime/errors.ts';
import { assertPlain } from '#pipeline/runtime/input.ts';
import { maskText } from '#pipeline/shared/mask.ts';

/** What of a webhook matters here. */
export interface WebhookNews {
  event: string;
  eventId: string | null;
  /** Milliseconds since the epoch, from the signed body. */
  timestamp: number | null;
  monoAccountId: string | null;
  effect: 'sync' | 'unlink' | 'none';
}

/** Mono's own names, and the three that older clients of this service send. */
const effects: Record<string, WebhookNews['effect']> = {
  'mono.events.account_connected': 'sync',
  'mono.events.account_updated': 'sync',
  'mono.events.account_reauthorized': 'sync',
  'mono.events.account_unlinked': 'unlink',
  'account.linked': 'sync',
  'transaction.created': 'sync',
  'account.disconnected': 'unlink',
};

type Json = Record<string, unknown>;

export function readNews(body: Buffer): WebhookNews {
  const root = parse(body);
  assertPlain(root);
  const event = text(root.event ?? root.type);
  if (event === null || event.length > 128)
    throw new ServiceError('BAD_REQUEST', 'the webhook names no event');
  const data = isObject(root.data) ? root.data : {};
  const at = Date.parse(text(root.timestamp) ?? '');
  return {
    // It is logged and stored, whatever somebody puts there.
    event: maskText(event),
    eventId: text(root.event_id)?.slice(0, 200) ?? null,
    timestamp: Number.isNaN(at) ? null : at,
    monoAccountId: accountIdOf(event, data),
    effect: effectOf(event, data),
  };
}

function effectOf(event: string, data: Json): WebhookNews['effect'] {
  const effect = Object.hasOwn(effects, event) ? (effects[event] ?? 'none') : 'none';
  // While Mono still collects, its list is empty; account_updated follows when there is something.
  const isEarly = isObject(data.meta) && data.meta.data_status === 'PROCESSING';
  return effect === 'sync' && isEarly ? 'none' : effect;
}

/** The id stands in three places, depending on the event. */
function accountIdOf(event: string, data: Json): string | null {
  const { account } = data;
  if (isObject(account)) return text(account._id ?? account.id);
  if (typeof account === 'string') return account;
  return event === 'mono.accounts.jobs.update' ? null : text(data.id ?? data.account_id);
}

function parse(body: Buffer): Json {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (isObject(parsed)) return parsed;
  } catch {
    // Answered below, as any body that is no object.
  }
  throw new ServiceError('BAD_REQUEST', 'the webhook is no JSON object');
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
