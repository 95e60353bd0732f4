import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { askService, type Question } from '#pipeline/shared/service-client.ts';
import { signBytes } from '#pipeline/shared/signature.ts';
import { runMain } from './run-main.ts';

const help = `Usage: node scripts/smoke-payouts.ts

One payout from the login to its confirmation, asked of a running service: logs in as a user and as an administrator,
puts 20.00 into the wallet, pays 1.00 out through TMoney, waits until a worker has sent it, confirms it with a signed
webhook, and finds that webhook among the events of the administration.
Prints the steps as JSON lines {"ts","event","payload"} and then one line with the summary, whose \`problem\` says what
went wrong, else nothing.
Exit code 0 if all of it went well, 1 if not, 2 if a variable is missing.

  SERVICE_URL                                     the running service
  PAYOUTS_USER_EMAIL, PAYOUTS_USER_PASSWORD       somebody with a wallet
  PAYOUTS_ADMIN_EMAIL, PAYOUTS_ADMIN_PASSWORD     somebody with the role ADMIN
  TMONEY_WEBHOOK_SECRET                           signs the webhook
Optional
  STAGING_KEY                                     the X-Staging-Key of the host
  SMOKE_WAIT_SECONDS                              until the payout has to be sent (default 30)
`;

const required = [
  'SERVICE_URL',
  'PAYOUTS_USER_EMAIL',
  'PAYOUTS_USER_PASSWORD',
  'PAYOUTS_ADMIN_EMAIL',
  'PAYOUTS_ADMIN_PASSWORD',
  'TMONEY_WEBHOOK_SECRET',
] as const;
type Settings = Record<(typeof required)[number], string>;

const cashInCents = 2000;
const cashOutCents = 100;
const pauseMs = 250;
const busyMs = 25_000;

type Body = Record<string, unknown>;
/** Asks in the name of a token; an answer that is no success ends the smoke test, save BUSY for whoever is patient. */
type Ask = (question: Question & { token?: string; key?: string; patient?: boolean }) => Promise<Body>;

interface PayoutState {
  status: string;
  provider_ref: string | null;
}

function askerOf({ SERVICE_URL: url }: Settings, stagingKey: string | undefined): Ask {
  return async ({ token, key, headers, patient = false, ...question }) => {
    for (const end = Date.now() + busyMs; ; ) {
      const {
        status,
        body,
        headers: answered,
      } = await askService(url, {
        ...question,
        headers: {
          ...headers,
          ...(stagingKey && { 'x-staging-key': stagingKey }),
          ...(token && { authorization: `Bearer ${token}` }),
          ...(key && { 'idempotency-key': key }),
        },
      });
      if (status < 300) return body;
      if (status === 503 && patient && Date.now() < end) {
        await pause(1000 * Number(answered.get('retry-after') ?? 1));
        continue;
      }
      const said = JSON.stringify(body['detail'] ?? '');
      throw new Error(`${question.method} ${question.path}: ${status} ${said}`);
    }
  };
}

const tell = (event: string, payload: object) =>
  void process.stdout.write(`${JSON.stringify({ ts: new Date().toISOString(), event, payload })}\n`);

async function smoke(ask: Ask, settings: Settings, waitMs: number): Promise<Body> {
  const user = await logIn(ask, settings.PAYOUTS_USER_EMAIL, settings.PAYOUTS_USER_PASSWORD);
  const admin = await logIn(ask, settings.PAYOUTS_ADMIN_EMAIL, settings.PAYOUTS_ADMIN_PASSWORD);
  tell('smoke.logged_in', {});
  const { wallets } = await ask({ method: 'GET', path: '/v1/wallets', token: user });
  const [wallet] = wallets as { wallet_id: string }[];
  if (!wallet) throw new Error('the user has no wallet');
  const made = await payOut(ask, user, wallet.wallet_id);
  tell('smoke.cash_out', made);
  const state = () => payoutState(ask, user, made.transaction_id);
  const first = await state();
  if (!['PENDING', 'SENT'].includes(first.status)) {
    throw new Error(`a new payout is PENDING or SENT, and this one is ${first.status}`);
  }
  const sent = await untilSent(state, waitMs);
  tell('smoke.sent', sent);
  const webhook = await confirm(ask, settings.TMONEY_WEBHOOK_SECRET, made.external_ref);
  const last = await state();
  if (last.status !== 'CONFIRMED') {
    throw new Error(`after a webhook that says SUCCESS the payout is ${last.status}, not CONFIRMED`);
  }
  tell('smoke.confirmed', last);
  const events = await eventsOf(ask, admin, made);
  return {
    ...made,
    first_status: first.status,
    status: last.status,
    // Ignored: the provider itself was quicker.
    confirmed_by: webhook['ignored'] === true ? 'provider' : 'webhook',
    events,
  };
}

async function logIn(ask: Ask, email: string, password: string): Promise<string> {
  const body = { email, password };
  // The service lets only a few log in at once, since each login is much work.
  const { access_token: token } = await ask({ method: 'POST', path: '/v1/auth/login', body, patient: true });
  if (typeof token !== 'string') throw new Error('a login gave no access_token');
  return token;
}

/** Money in, money out, and the same order once more, which has to be the same payout. */
async function payOut(ask: Ask, token: string, walletId: string) {
  const order = { wallet_id: walletId, country: 'TG', provider: 'TMONEY', phone_e164: '+22890000003' };
  const cashIn = '/v1/cash-in/mobile-money';
  const body = { ...order, amount_cents: cashInCents };
  await ask({ method: 'POST', path: cashIn, token, key: `smoke-${randomUUID()}`, body });
  const cashOut = {
    method: 'POST',
    path: '/v1/cash-out/mobile-money',
    token,
    key: `smoke-${randomUUID()}`,
    body: { ...order, amount_cents: cashOutCents },
  };
  const { transaction_id, external_ref } = await ask(cashOut);
  const again = await ask(cashOut);
  if (again['transaction_id'] !== transaction_id) {
    throw new Error('the same order with the same key made another payout');
  }
  return { transaction_id: String(transaction_id), external_ref: String(external_ref) };
}

async function payoutState(ask: Ask, token: string, id: string): Promise<PayoutState> {
  const { status, provider_ref } = await ask({ method: 'GET', path: `/v1/payouts/${id}`, token });
  return { status: String(status), provider_ref: typeof provider_ref === 'string' ? provider_ref : null };
}

/** A webhook before that would confirm what nobody has paid. */
async function untilSent(state: () => Promise<PayoutState>, waitMs: number): Promise<PayoutState> {
  for (const end = Date.now() + waitMs; ; await pause(pauseMs)) {
    const found = await state();
    if (found.status === 'FAILED') throw new Error('the payout FAILED before anybody confirmed it');
    if (found.provider_ref !== null) return found;
    if (Date.now() > end) {
      throw new Error(`no worker has sent the payout within ${waitMs / 1000} s: it is ${found.status}`);
    }
  }
}

function confirm(ask: Ask, secret: string, externalRef: string): Promise<Body> {
  const body = JSON.stringify({ external_ref: externalRef, status: 'SUCCESS' });
  const headers = { 'x-signature': `sha256=${signBytes('sha256', secret, body)}` };
  return ask({ method: 'POST', path: '/v1/webhooks/tmoney', headers, body });
}

async function eventsOf(ask: Ask, token: string, made: { transaction_id: string; external_ref: string }) {
  const path = `/v1/admin/mobile-money/payouts/${made.transaction_id}/webhook-events?limit=50`;
  const { events } = await ask({ method: 'GET', path, token });
  const own = (events as { external_ref: string; signature_valid: boolean }[]).filter(
    (event) => event.external_ref === made.external_ref && event.signature_valid,
  );
  if (own.length === 0) throw new Error('the administration shows no signed webhook of the payout');
  return own.length;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { env } = process;
  const missing = required.filter((name) => !env[name]);
  const seconds = Number(env['SMOKE_WAIT_SECONDS'] || 30);
  if (missing.length > 0 || !(seconds >= 1 && seconds <= 600)) {
    const problem =
      missing.length > 0 ? `${missing.join(', ')} required` : 'SMOKE_WAIT_SECONDS is not 1 to 600';
    process.stderr.write(`smoke-payouts: ${problem}\n`);
    return 2;
  }
  const settings = Object.fromEntries(required.map((name) => [name, env[name] ?? ''])) as Settings;
  return tellOutcome(() => smoke(askerOf(settings, env['STAGING_KEY']), settings, seconds * 1000));
}

async function tellOutcome(work: () => Promise<Body>): Promise<number> {
  try {
    process.stdout.write(`${JSON.stringify({ ...(await work()), problem: '' })}\n`);
    return 0;
  } catch (thrown) {
    const problem = thrown instanceof Error ? thrown.message : String(thrown);
    process.stdout.write(`${JSON.stringify({ problem })}\n`);
    process.stderr.write(`smoke-payouts: ${problem}\n`);
    return 1;
  }
}

await runMain('smoke-payouts', main);
