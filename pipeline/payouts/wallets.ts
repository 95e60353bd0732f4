import { randomUUID } from 'node:crypto';
import type { Queryable } from '#pipeline/runtime/db.ts';
import type { Provider } from './payouts.ts';

/** Amounts are bigint in text, in hundredths of the currency. */
export interface Wallet {
  id: string;
  user_id: string;
  currency: string;
  balance_cents: string;
}

const columns = 'id, user_id, currency, balance_cents';

export async function listWallets(db: Queryable, userId: string): Promise<Wallet[]> {
  const sql = `SELECT ${columns} FROM app.wallets WHERE user_id = $1 ORDER BY created_at, id`;
  return (await db.query<Wallet>(sql, [userId])).rows;
}

export async function findWallet(db: Queryable, id: string): Promise<Wallet | undefined> {
  return (await db.query<Wallet>(`SELECT ${columns} FROM app.wallets WHERE id = $1`, [id])).rows[0];
}

export interface CashIn {
  walletId: string;
  provider: Provider;
  amountCents: bigint;
}

/** What came in through a provider: credits the wallet; gives the id of the transaction. */
export async function cashIn(db: Queryable, { walletId, provider, amountCents }: CashIn): Promise<string> {
  const id = randomUUID();
  await db.query(
    `WITH made AS (INSERT INTO app.transactions (id, kind, wallet_id) VALUES ($1, 'CASH_IN', $2))
     INSERT INTO app.ledger_entries (transaction_id, account, wallet_id, amount_cents)
     VALUES ($1, 'WALLET', $2::uuid, $3::bigint), ($1, $4, NULL, -$3::bigint)`,
    [id, walletId, amountCents, provider],
  );
  return id;
}
