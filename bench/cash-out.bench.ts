import { randomUUID } from 'node:crypto';
import type { App } from '#pipeline/app.ts';
import { mintToken } from '#pipeline/runtime/token.ts';
import { fundedWallet } from '#pipeline/testing/payouts.ts';
import { type Comparison, compareWithInsert } from './load/against-insert.ts';

const users = 64;

interface Order {
  wallet_id: string;
  amount_cents: number;
  country: string;
  provider: string;
  phone_e164: string;
}

const text = { type: 'string', minLength: 1 };
const comparison: Comparison = {
  name: 'cash-out',
  path: '/v1/cash-out/mobile-money',
  config: { auth: 'USER', realm: 'payouts' },
  schema: {
    body: {
      type: 'object',
      properties: {
        wallet_id: text,
        amount_cents: { type: 'integer', minimum: 1 },
        country: text,
        provider: text,
        phone_e164: text,
      },
      required: ['wallet_id', 'amount_cents', 'country'],
    },
  },
  table: `CREATE TABLE bench_rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id uuid NOT NULL,
    wallet_id uuid NOT NULL, amount_cents bigint NOT NULL, provider text NOT NULL, phone_e164 text NOT NULL,
    key text NOT NULL, at timestamptz NOT NULL DEFAULT now())`,
  insert: `INSERT INTO bench_rows (user_id, wallet_id, amount_cents, provider, phone_e164, key)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING id, at`,
  valuesOf: (caller, { wallet_id, amount_cents, provider, phone_e164 }: Order) => [
    caller,
    wallet_id,
    amount_cents,
    provider,
    phone_e164,
    randomUUID(),
  ],
  env: { DOMAINS: 'payouts', PAYOUT_FEE_BASIS_POINTS: '100' },
  prepare,
};

/** Cash-outs a second, with idempotency, fee, ledger and payout, against bare INSERTs a second. */
export function bench(): Promise<string[]> {
  return compareWithInsert(comparison);
}

/** Users who cannot run out of money. */
async function prepare({ platform: { db } }: App, env: NodeJS.ProcessEnv) {
  const wallets = [];
  for (let made = 0; made < users; made += 1) wallets.push(await fundedWallet(db, 1_000_000_000_000));
  return wallets.map(({ userId, walletId }) => {
    const order: Order = {
      wallet_id: walletId,
      amount_cents: 100,
      country: 'TG',
      provider: 'TMONEY',
      phone_e164: '+22890000003',
    };
    return {
      token: mintToken(env.JWT_SECRET ?? '', { sub: userId, role: 'USER' }, 3_600),
      body: JSON.stringify(order),
    };
  });
}
