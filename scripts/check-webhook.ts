import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { signBody } from '#pipeline/mono/signature.ts';
import { runMain } from './run-main.ts';

const help = `Usage: node scripts/check-webhook.ts

Sends one event to the webhook of a running service four times: unsigned, forged, signed, and signed again.
A test event starts nothing; with an account it is the news that the account was updated, which starts a sync.
Prints one line of JSON; exit code 0 if every request got an answer (what the answers should be is for the
gate to say).

  SERVICE_URL           the running service
  MONO_WEBHOOK_SECRET   signs the body (HMAC SHA-512)
  MONO_API_ACCOUNT_ID   optional: the account that the event is about
`;

const path = '/api/v1/webhooks/mono/integrations/mono/webhook';
const timeoutMs = 10_000;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { SERVICE_URL: url, MONO_WEBHOOK_SECRET: secret } = process.env;
  if (!url || !secret) {
    process.stderr.write('check-webhook: SERVICE_URL and MONO_WEBHOOK_SECRET are required\n');
    return 2;
  }
  const body = JSON.stringify(eventAbout(process.env['MONO_API_ACCOUNT_ID']));
  const send = (signature?: string) => post(`${url}${path}`, body, signature);
  const unsigned = await send();
  const forged = await send(signBody(`${secret}x`, body));
  const signed = await send(signBody(secret, body));
  const replayed = await send(signBody(secret, body));
  const summary = {
    unsigned: unsigned.status,
    forged: forged.status,
    signed: signed.status,
    replayed: replayed.status,
    signed_outcome: signed.outcome,
    replayed_outcome: replayed.outcome,
  };
  process.stdout.write(`${JSON.stringify(summary)}\n`);
  return 0;
}

function eventAbout(account: string | undefined): object {
  const news = { event_id: `evt_${randomUUID()}`, timestamp: new Date().toISOString() };
  if (!account) return { event: 'mono.events.webhook_test', ...news, data: {} };
  const meta = { data_status: 'AVAILABLE', sync_status: 'SUCCESSFUL', has_new_data: true };
  return { event: 'mono.events.account_updated', ...news, data: { account: { _id: account }, meta } };
}

async function post(
  url: string,
  body: string,
  signature?: string,
): Promise<{ status: number; outcome: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(signature ? { 'x-mono-signature': signature } : {}) },
    body,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = (await response.json().catch(() => ({}))) as { data?: { status?: unknown } };
  return { status: response.status, outcome: String(answer.data?.status ?? '') };
}

await runMain('check-webhook', main);
