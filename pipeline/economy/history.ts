import type { Queryable } from '#pipeline/runtime/db.ts';
import { coins } from './coins.ts';
import { csvHeader, csvLine } from './csv.ts';
import { noWallet } from './wallets.ts';

export interface Transaction {
  id: number;
  amount: number;
  balance_after: number;
  reason: string;
  created_at: string;
  idempotency_key: string;
}

export interface Page {
  transactions: Transaction[];
  page: number;
  page_size: number;
  total_count: number;
  has_next: boolean;
  has_prev: boolean;
}

interface Row {
  id: string;
  amount: string;
  balance_after: string;
  reason: string;
  created_at: Date;
  idempotency_key: string;
}

const rowsAtOnce = 1000;

/** Newest first. Rows of a wallet are numbered without gaps, so the last number is how many there are. */
export async function listTransactions(
  db: Queryable,
  userId: string,
  { page, pageSize }: { page: number; pageSize: number },
): Promise<Page> {
  const wallet = await findWallet(db, userId);
  const newest = wallet.count - (page - 1) * pageSize;
  const rows = newest > 0 ? await readDown(db, wallet.id, newest, pageSize) : [];
  return {
    transactions: rows.map((row) => ({
      id: coins(row.id),
      amount: coins(row.amount),
      balance_after: coins(row.balance_after),
      reason: row.reason,
      created_at: row.created_at.toISOString(),
      idempotency_key: row.idempotency_key,
    })),
    page,
    page_size: pageSize,
    total_count: wallet.count,
    has_next: newest > pageSize,
    has_prev: page > 1,
  };
}

/** As of the beginning: rows that come meanwhile are not in it. No connection is held between batches. */
export async function exportTransactions(db: Queryable, userId: string): Promise<AsyncIterable<string>> {
  const wallet = await findWallet(db, userId);
  return (async function* () {
    yield csvHeader;
    for (let newest = wallet.count; newest > 0; newest -= rowsAtOnce) {
      const rows = await readDown(db, wallet.id, newest, rowsAtOnce);
      yield rows.map(csvLine).join('');
    }
  })();
}

async function findWallet(db: Queryable, userId: string): Promise<{ id: string; count: number }> {
  const { rows } = await db.query<{ id: string; last_sequence: string }>(
    'SELECT id, last_sequence FROM economy_wallets WHERE user_id = $1',
    [userId],
  );
  if (!rows[0]) throw noWallet();
  return { id: rows[0].id, count: coins(rows[0].last_sequence) };
}

async function readDown(db: Queryable, walletId: string, newest: number, limit: number): Promise<Row[]> {
  const { rows } = await db.query<Row>(
    `SELECT id, amount, balance_after, reason, created_at, idempotency_key
     FROM economy_transactions WHERE wallet_id = $1 AND sequence <= $2 AND sequence > $3
     ORDER BY sequence DESC`,
    [walletId, newest, newest - limit],
  );
  return rows;
}
