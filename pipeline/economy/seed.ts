import type { Database } from '#pipeline/runtime/db.ts';
import { hashPassword } from '#pipeline/runtime/passwords.ts';
import { post } from './wallets.ts';

/** Fixed ids: whoever seeds twice means the same people, items and coins. */
export const demo = {
  member: { id: '3f0c8a52-1d7e-4b69-9a34-5c6d7e8f9a01', username: 'demo-member', role: 'MEMBER' },
  banned: { id: '3f0c8a52-1d7e-4b69-9a34-5c6d7e8f9a02', username: 'demo-banned', role: 'MEMBER' },
  admin: { id: '3f0c8a52-1d7e-4b69-9a34-5c6d7e8f9a03', username: 'demo-admin', role: 'ADMIN' },
} as const;

const startCoins = 10_000;
const sanctionId = '5a1d2c3b-4e5f-4607-8192-a3b4c5d6e7f8';
const items = [
  { sku: 'BADGE-BRONZE', name: 'Bronze badge', price: 50 },
  { sku: 'BADGE-SILVER', name: 'Silver badge', price: 200 },
  { sku: 'FRAME-GOLD', name: 'Gold frame', price: 1500 },
];

export interface EconomySeed {
  memberPassword: string;
  adminPassword: string;
}

/** Users with a wallet each, items, starting coins, and one ban. Passwords are set anew, the rest stays. */
export async function seedEconomy(
  db: Database,
  seed: EconomySeed,
): Promise<{ items: Record<string, number> }> {
  for (const user of Object.values(demo)) {
    const password = user.role === 'ADMIN' ? seed.adminPassword : seed.memberPassword;
    await db.query(
      `INSERT INTO platform_users (id, username, role, password_hash) VALUES ($1, $2, $3, $4)
       ON CONFLICT (id) DO UPDATE SET password_hash = excluded.password_hash, active = true`,
      [user.id, user.username, user.role, await hashPassword(password)],
    );
    await db.query('INSERT INTO economy_wallets (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING', [
      user.id,
    ]);
    await post(db, { userId: user.id, amount: startCoins, reason: 'starting coins', idempotencyKey: 'seed' });
  }
  await db.query(
    `INSERT INTO moderation_sanctions (id, user_id, kind, reason, created_by)
     VALUES ($1, $2, 'ban', 'demonstration', 'seed') ON CONFLICT (id) DO NOTHING`,
    [sanctionId, demo.banned.id],
  );
  return { items: await seedItems(db) };
}

async function seedItems(db: Database): Promise<Record<string, number>> {
  for (const { sku, name, price } of items) {
    await db.query(
      'INSERT INTO shop_items (sku, name, price) VALUES ($1, $2, $3) ON CONFLICT (sku) DO NOTHING',
      [sku, name, price],
    );
  }
  const { rows } = await db.query<{ sku: string; id: number }>(
    'SELECT sku, id FROM shop_items WHERE sku = ANY($1) ORDER BY id',
    [items.map(({ sku }) => sku)],
  );
  return Object.fromEntries(rows.map(({ sku, id }) => [sku, id]));
}
