import type { Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { type Guard, unguarded } from './guard.ts';
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

/** 404 where there is no such wallet, 403 where it is somebody else's. */
export async function ownWallet(db: Queryable, id: string, userId: string): Promise<Wallet> {
  const text = `SELECT ${columns} FROM app.wallets WHERE id = $1`;
  const { rows } = await db.query<Wallet>({ name: 'wallet.own', text }, [id]);
  const [wallet] = rows;
  if (!wallet) throw new ServiceError('NOT_FOUND', 'Wallet not found');
  if (wallet.user_id !== userId) throw new ServiceError('WALLET_FORBIDDEN', 'the wallet is not yours');
  return wallet;
}

export interface CashIn {
  /** Of the transaction; new. */
  id: string;
  walletId: string;
  provider: Provider;
  amountCents: bigint;
}

/** What came in through a provider: credits the wallet. False when the guard let nothing through. */
export async function cashIn(db: Queryable, input: CashIn, guard: Guard = unguarded): Promise<boolean> {
  const { id, walletId, provider, amountCents } = input;
  const [a, b, c, d] = Array.from({ length: 4 }, (_, at) => `$${guard.values.length + at + 1}`);
  const text = `WITH ${guard.cte}, made AS (
       INSERT INTO app.transactions (id, kind, wallet_id) SELECT ${a}::uuid, 'CASH_IN', ${b}::uuid FROM allowed
     )
     INSERT INTO app.ledger_entries (transaction_id, account, wallet_id, amount_cents)
     SELECT ${a}::uuid, account, wallet_id, amount
     FROM allowed, (VALUES ('WALLET', ${b}::uuid, ${c}::bigint), (${d}::text, NULL, -${c}::bigint))
       AS entry (account, wallet_id, amount)`;
  const values = [...guard.values, id, walletId, amountCents, provider];
  const { rowCount } = await db.query({ name: `cash-in.${guard.name}`, text }, values);
  return rowCount !== 0;
}
