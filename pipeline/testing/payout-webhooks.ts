import { createHmac } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { findPayout, type Payout, type Provider, providers } from '#pipeline/payouts/payouts.ts';
import { payoutOf, startPayouts, type TestPayouts, type TestPerson } from './payouts.ts';
import type { Answer } from './service.ts';

export const webhookSecrets: Readonly<Record<Provider, string>> = {
  TMONEY: 'dev_secret_tmoney',
  FLOOZ: 'dev_secret_flooz',
  MOMO: 'dev_secret_momo',
  THUNES: 'dev_secret_thunes',
};
/** Of TMONEY, before the present one. */
export const previousSecret = 'the secret before that';

export const signHex = (text: string, secret: string) =>
  createHmac('sha256', secret).update(text).digest('hex');

export interface Sending {
  secret?: string;
  /** Instead of one that holds; null: none. */
  signature?: string | null;
}

export interface WebhookService {
  payouts: TestPayouts;
  user: TestPerson;
  admin: TestPerson;
  send(provider: Provider, body: object | string, sending?: Sending): Promise<Answer>;
  newPayout(provider?: Provider): Promise<Payout>;
  read(payout: Payout): Promise<Payout>;
  /** The callback that was kept last. */
  lastEvent(): Promise<Record<string, unknown>>;
}

/** The service with secrets for all providers, a user with money and an administrator, for the tests of a file. */
export function useWebhooks(): WebhookService {
  const service = {} as WebhookService;
  beforeAll(async () => {
    const payouts = await startPayouts({
      ...Object.fromEntries(providers.map((name) => [`${name}_WEBHOOK_SECRET`, webhookSecrets[name]])),
      TMONEY_WEBHOOK_SECRET_PREVIOUS: previousSecret,
      WEBHOOKS_PER_MINUTE: '100000',
    });
    const user = await payouts.person({ cents: 1_000_000 });
    const admin = await payouts.person({ role: 'ADMIN' });
    Object.assign(service, { payouts, user, admin, ...callsOf(payouts, user) });
  }, 120_000);
  afterAll(() => service.payouts?.stop());
  return service;
}

function callsOf(payouts: TestPayouts, user: TestPerson): Omit<WebhookService, 'payouts' | 'user' | 'admin'> {
  return {
    send(provider, body, { secret = webhookSecrets[provider], signature } = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const given = signature === undefined ? `sha256=${signHex(text, secret)}` : signature;
      return payouts.service.call('POST', `/v1/webhooks/${provider.toLowerCase()}`, {
        role: null,
        body: text,
        headers: { 'content-type': 'application/json', ...(given !== null && { 'x-signature': given }) },
      });
    },
    newPayout: (provider = 'TMONEY') => payoutOf(payouts.db, user.walletId, { provider }),
    async read({ transaction_id: id }) {
      const payout = await findPayout(payouts.db, id);
      if (!payout) throw new Error('the payout is gone');
      return payout;
    },
    async lastEvent() {
      const sql = 'SELECT * FROM app.webhook_events ORDER BY received_at DESC LIMIT 1';
      const { rows } = await payouts.db.query<Record<string, unknown>>(sql);
      return rows[0] ?? {};
    },
  };
}
