import { randomInt, randomUUID } from 'node:crypto';
import { createPayout, type NewPayout, type Payout } from '#pipeline/payouts/payouts.ts';
import { cashIn } from '#pipeline/payouts/wallets.ts';
import { type Database, openDatabase, type Queryable } from '#pipeline/runtime/db.ts';

/** Nobody can log in with it: for tests that need the wallet, not the person. */
const noPassword = 'scrypt$1$1$1$AA$AA';

export interface TestWallet {
  userId: string;
  walletId: string;
}

/** A user whose wallet was filled through MOMO. */
export async function fundedWallet(db: Queryable, cents: bigint | number): Promise<TestWallet> {
  const { rows } = await db.query<TestWallet>(
    `WITH person AS (
       INSERT INTO app.users (email, phone_e164, country, password_hash) VALUES ($1, $2, 'TG', $3) RETURNING id
     )
     INSERT INTO app.wallets (user_id) SELECT id FROM person RETURNING user_id AS "userId", id AS "walletId"`,
    [`${randomUUID()}@example.org`, `+228${randomInt(1e9, 1e10)}`, noPassword],
  );
  const [wallet] = rows;
  if (!wallet) throw new Error('no wallet was made');
  if (cents > 0)
    await cashIn(db, { walletId: wallet.walletId, provider: 'MOMO', amountCents: BigInt(cents) });
  return wallet;
}

export function payoutOf(db: Queryable, walletId: string, changes: Partial<NewPayout> = {}): Promise<Payout> {
  const phone = '+22890112233';
  return createPayout(db, {
    walletId,
    provider: 'TMONEY',
    phone,
    amountCents: 100n,
    feeCents: 0n,
    quote: {},
    ...changes,
  });
}

export async function balanceOf(db: Queryable, walletId: string): Promise<bigint> {
  const sql = 'SELECT balance_cents FROM app.wallets WHERE id = $1';
  const { rows } = await db.query<{ balance_cents: string }>(sql, [walletId]);
  return BigInt(rows[0]?.balance_cents ?? -1);
}

export function openTestDatabase(url: string, max = 10): Database {
  return openDatabase({
    url,
    max,
    acquireTimeoutMs: 10_000,
    applicationName: 'payouts-test',
    onIdleError() {},
  });
}
