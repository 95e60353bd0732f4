import { createHmac } from 'node:crypto';
import Type, { type Static } from 'typebox';
import { dataStatus, webhookAccount } from './envelope.ts';
import type { SimulatedAccount, SimulatorState } from './state.ts';

const sendTimeoutMs = 10_000;

export const webhookEvents = [
  'mono.events.account_connected',
  'mono.events.account_updated',
  'mono.events.account_reauthorized',
  'mono.events.reauthorisation_required',
  'mono.events.sync_failed',
  'mono.events.account_unlinked',
  'mono.accounts.jobs.update',
  'mono.events.webhook_test',
] as const;

export const WebhookOrder = Type.Object(
  {
    url: Type.String({ pattern: '^https?://' }),
    event: Type.Enum([...webhookEvents]),
    account: Type.String(),
    /** Which of the two ways to prove it: Mono's plain secret, or the HMAC of the raw body. Default both. */
    mode: Type.Optional(Type.Enum(['both', 'hmac-sha512', 'shared-secret', 'none'])),
    /** The same id again makes a repetition; null leaves the field out, as older payloads do. */
    eventId: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    /** Another secret than the configured one. */
    secret: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
);

export type WebhookOrder = Static<typeof WebhookOrder>;

export interface WebhookReceipt {
  status: number;
  event_id: string | null;
  body: string;
}

/** Sends what Mono would send, and tells what the receiver answered. */
export async function sendWebhook(state: SimulatorState, order: WebhookOrder): Promise<WebhookReceipt> {
  const account = state.account(order.account);
  const eventId = order.eventId === undefined ? `evt_${state.nextSerial()}` : order.eventId;
  const body = JSON.stringify({
    event: order.event,
    ...(eventId !== null && { event_id: eventId }),
    timestamp: state.settings.now().toISOString(),
    data: dataOf(order.event, account, state),
  });
  const response = await fetch(order.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...proofs(order, body, state.settings.webhookSecret) },
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(sendTimeoutMs),
  });
  await response.body?.cancel();
  return { status: response.status, event_id: eventId, body };
}

/** The simulator stands for another company: it signs by its own code, and the service verifies by its own. */
function proofs(order: WebhookOrder, body: string, configured: string): Record<string, string> {
  const { mode = 'both', secret = configured } = order;
  return {
    ...((mode === 'both' || mode === 'shared-secret') && { 'mono-webhook-secret': secret }),
    ...((mode === 'both' || mode === 'hmac-sha512') && {
      'x-mono-signature': createHmac('sha512', secret).update(body).digest('hex'),
    }),
  };
}

function dataOf(event: WebhookOrder['event'], account: SimulatedAccount, state: SimulatorState) {
  const { id } = account.spec;
  const owner = { app: 'app_01', business: 'bus_01' };
  const meta = { data_status: dataStatus(account.spec), auth_method: 'internet_banking', ref: `ref_${id}` };
  switch (event) {
    case 'mono.events.account_connected':
      return { id, customer: `cus_${id}`, meta: { ...meta, data_status: 'PROCESSING' }, ...owner };
    case 'mono.events.account_updated':
      return {
        account: webhookAccount(account),
        meta: {
          ...meta,
          retrieved_data: ['balance', 'transactions'],
          sync_status: 'SUCCESSFUL',
          job_id: `job_${state.nextSerial()}`,
          has_new_data: true,
        },
        ...owner,
      };
    case 'mono.events.account_unlinked':
      return { account: { id }, ...owner };
    case 'mono.accounts.jobs.update':
      return {
        id: `job_${state.nextSerial()}`,
        name: 'jobs.accounts.sync_statement',
        status: 'finished',
        account: id,
        ...owner,
      };
    case 'mono.events.webhook_test':
      return {};
    default:
      return { account: { _id: id }, ...owner };
  }
}
