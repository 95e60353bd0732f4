import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { coins } from './coins.ts';

export interface Wallet {
  wallet_id: string;
  balance: number;
  held: number;
  available: number;
}

export interface Entry {
  userId: string;
  /** Positive is a credit, negative a debit. */
  amount: number;
  reason: string;
  idempotencyKey: string;
}

export interface Posted {
  wallet_id: string;
  balance_after: number;
  transaction_id: number;
  idempotency_key: string;
}

export async function readWallet(db: Queryable, userId: string): Promise<Wallet> {
  const { rows } = await db.query<{ id: string; cached_balance: string; held: string }>(
    'SELECT id, cached_balance, held FROM economy_wallets WHERE user_id = $1',
    [userId],
  );
  const row = rows[0];
  if (!row) throw noWallet();
  const [balance, held] = [coins(row.cached_balance), coins(row.held)];
  return { wallet_id: row.id, balance, held, available: balance - held };
}

/** Sent again with its key it changes nothing and answers the same; with another body it is a conflict. */
export async function post(db: Database, entry: Entry): Promise<Posted & { replayed: boolean }> {
  try {
    const { rows } = await db.query<PostedRow>(
      `INSERT INTO economy_transactions (wallet_id, amount, reason, idempotency_key)
       SELECT id, $2, $3, $4 FROM economy_wallets WHERE user_id = $1
       RETURNING wallet_id, id, amount, reason, balance_after`,
      [entry.userId, entry.amount, entry.reason, entry.idempotencyKey],
    );
    if (!rows[0]) throw noWallet();
    return { ...answer(rows[0], entry), replayed: false };
  } catch (error) {
    // An unaffordable debit sent again after it was posted must still find the first one.
    const earlier = await findPosted(db, entry);
    if (earlier) return { ...answer(earlier, entry), replayed: true };
    throw error;
  }
}

interface PostedRow {
  wallet_id: string;
  id: string;
  amount: string;
  reason: string;
  balance_after: string;
}

async function findPosted(db: Database, entry: Entry): Promise<PostedRow | undefined> {
  const { rows } = await db.query<PostedRow>(
    `SELECT t.wallet_id, t.id, t.amount, t.reason, t.balance_after
     FROM economy_transactions t JOIN economy_wallets w ON w.id = t.wallet_id
     WHERE w.user_id = $1 AND t.idempotency_key = $2`,
    [entry.userId, entry.idempotencyKey],
  );
  const row = rows[0];
  if (row && (coins(row.amount) !== entry.amount || row.reason !== entry.reason)) {
    throw new ServiceError('CONFLICT', 'the idempotency key was used before with another body');
  }
  return row;
}

function answer(row: PostedRow, entry: Entry): Posted {
  return {
    wallet_id: row.wallet_id,
    balance_after: coins(row.balance_after),
    transaction_id: coins(row.id),
    idempotency_key: entry.idempotencyKey,
  };
}

export function noWallet(): ServiceError {
  return new ServiceError('NOT_FOUND', 'there is no such wallet');
}
