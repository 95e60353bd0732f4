import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifySharedSecret, verifySignature } from '#pipeline/mono/signature.ts';
import { type RunningSimulator, startMonoSimulator } from './start.ts';
import type { WebhookOrder, webhookEvents } from './webhooks.ts';

interface Delivery {
  headers: IncomingHttpHeaders;
  raw: Buffer;
  body: { event: string; event_id?: string; timestamp: string; data: Record<string, unknown> };
}

const secrets = { current: 'sec_test_mono' };
const account = 'acc_sandbox_123';
const deliveries: Delivery[] = [];
let simulator: RunningSimulator;
let status = 200;

const receiver = createServer(async (request, response) => {
  const raw = await buffer(request);
  deliveries.push({ headers: request.headers, raw, body: JSON.parse(raw.toString()) });
  response.writeHead(status).end();
});

beforeAll(async () => {
  simulator = await startMonoSimulator({ webhookSecret: secrets.current });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await simulator.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

async function deliver(
  order: Partial<WebhookOrder> = {},
): Promise<Delivery & { told: Record<string, unknown> }> {
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  const answer = await fetch(`${simulator.url}/__sim/webhooks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url, event: 'mono.events.account_updated', account, ...order }),
  });
  const delivery = deliveries.pop();
  if (!delivery) throw new Error(`nothing was delivered: ${await answer.text()}`);
  return { ...delivery, told: (await answer.json()) as Record<string, unknown> };
}

describe('webhooks of the simulator', () => {
  it('carry both proofs: the plain secret of Mono, and the HMAC-SHA512 of the raw body', async () => {
    const { headers, raw } = await deliver();
    expect(verifySharedSecret(String(headers['mono-webhook-secret']), secrets)).toBe(true);
    expect(verifySignature(String(headers['x-mono-signature']), raw, secrets)).toBe(true);
  });

  it.each([
    ['hmac-sha512', false, true],
    ['shared-secret', true, false],
    ['none', false, false],
  ] as const)('carry in mode %s only what was asked for', async (mode, plain, signed) => {
    const { headers } = await deliver({ mode });
    expect('mono-webhook-secret' in headers).toBe(plain);
    expect('x-mono-signature' in headers).toBe(signed);
  });

  it('do not verify when another secret signed them', async () => {
    const { headers, raw } = await deliver({ secret: 'wrong' });
    expect(verifySignature(String(headers['x-mono-signature']), raw, secrets)).toBe(false);
    expect(verifySharedSecret(String(headers['mono-webhook-secret']), secrets)).toBe(false);
  });

  it('tell what the receiver answered', async () => {
    status = 401;
    const { told, raw } = await deliver();
    status = 200;
    expect(told).toMatchObject({ status: 401, body: raw.toString() });
  });

  it('can repeat an event id, or leave it out', async () => {
    expect((await deliver({ eventId: 'evt_1' })).body.event_id).toBe('evt_1');
    expect((await deliver({ eventId: null })).body).not.toHaveProperty('event_id');
    expect((await deliver()).body.event_id).not.toBe((await deliver()).body.event_id);
  });

  it.each([
    ['mono.events.account_connected', { id: account, meta: { data_status: 'PROCESSING' } }],
    ['mono.events.account_updated', { account: { _id: account, accountNumber: '0123456789' } }],
    ['mono.events.account_reauthorized', { account: { _id: account } }],
    ['mono.events.reauthorisation_required', { account: { _id: account } }],
    ['mono.events.sync_failed', { account: { _id: account } }],
    ['mono.events.account_unlinked', { account: { id: account } }],
    ['mono.accounts.jobs.update', { account, status: 'finished' }],
    ['mono.events.webhook_test', {}],
  ] as const)('fact: %s has the account id where it is documented', async (event, data) => {
    expect((await deliver({ event })).body).toMatchObject({ event, data });
  });

  it('fact: account_updated tells the sync status and that there is new data', async () => {
    const { body } = await deliver();
    expect(body.data.meta).toMatchObject({
      data_status: 'AVAILABLE',
      retrieved_data: ['balance', 'transactions'],
      sync_status: 'SUCCESSFUL',
      has_new_data: true,
    });
  });

  it('are refused for an unknown event', async () => {
    await expect(deliver({ event: 'mono.events.nothing' as (typeof webhookEvents)[number] })).rejects.toThrow(
      'event',
    );
  });
});
