import { randomUUID } from 'node:crypto';
import type { App } from '#pipeline/app.ts';
import { mintToken } from '#pipeline/runtime/token.ts';
import { type Comparison, compareWithInsert } from './load/against-insert.ts';

const members = 64;

const comparison: Comparison = {
  name: 'purchase',
  path: '/api/shop/purchase/',
  config: { auth: 'MEMBER' },
  schema: {
    body: {
      type: 'object',
      properties: { item_id: { type: 'integer', minimum: 1 }, quantity: { type: 'integer', minimum: 1 } },
      required: ['item_id'],
    },
  },
  table: `CREATE TABLE bench_rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id uuid NOT NULL,
    item_id integer NOT NULL, quantity integer NOT NULL, key text NOT NULL, at timestamptz NOT NULL DEFAULT now())`,
  insert: 'INSERT INTO bench_rows (user_id, item_id, quantity, key) VALUES ($1, $2, $3, $4) RETURNING id, at',
  valuesOf: (caller, body: { item_id: number; quantity: number }) => [
    caller,
    body.item_id,
    body.quantity,
    randomUUID(),
  ],
  prepare,
};

/** Purchases a second against bare INSERTs a second. */
export function bench(): Promise<string[]> {
  return compareWithInsert(comparison);
}

/** Members who cannot run out of coins, and an item. */
async function prepare({ platform: { db } }: App, env: NodeJS.ProcessEnv) {
  const { rows: users } = await db.query<{ id: string }>(
    `INSERT INTO platform_users (username, password_hash)
     SELECT 'bench-' || n, 'scrypt$none' FROM generate_series(1, $1::int) n RETURNING id`,
    [members],
  );
  await db.query('INSERT INTO economy_wallets (user_id) SELECT id FROM platform_users');
  await db.query(
    `INSERT INTO economy_transactions (wallet_id, amount, reason, idempotency_key)
     SELECT id, 1000000000000, 'coins of the bench', 'bench' FROM economy_wallets`,
  );
  const { rows: items } = await db.query<{ id: number }>(
    "INSERT INTO shop_items (sku, name, price) VALUES ('BENCH', 'Bench', 50) RETURNING id",
  );
  const body = JSON.stringify({ item_id: items[0]?.id ?? 0, quantity: 1 });
  return users.map(({ id }) => ({
    token: mintToken(env.JWT_SECRET_KEY ?? '', { sub: id, role: 'MEMBER' }, 3_600),
    body,
  }));
}
