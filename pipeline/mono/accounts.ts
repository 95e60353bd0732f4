import type { Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';

export interface BankAccount {
  id: string;
  connectionId: string;
  monoAccountId: string;
  currency: string;
  status: 'active' | 'paused' | 'unlinked';
  /** Date of the newest row that is known to be stored. */
  cursor: string | null;
  lastSyncedAt: string | null;
}

interface AccountRow {
  id: string;
  connection_id: string;
  mono_account_id: string;
  currency: string;
  status: BankAccount['status'];
  cursor_at: Date | null;
  last_synced_at: Date | null;
}

const columns =
  'a.id, a.connection_id, a.mono_account_id, a.currency, a.status, a.cursor_at, a.last_synced_at';

export async function getAccount(db: Queryable, id: string, siId?: string): Promise<BankAccount> {
  const { rows } = await db.query<AccountRow>(
    `SELECT ${columns} FROM bank_accounts AS a JOIN banking_connections AS c ON c.id = a.connection_id
     WHERE a.id = $1 AND ($2::text IS NULL OR c.si_id = $2)`,
    [id, siId ?? null],
  );
  const row = rows[0];
  if (!row) throw new ServiceError('NOT_FOUND', 'no such account');
  return fromRow(row);
}

/** One provider account may be linked by several integrators; each of them has its own row. */
export async function findByMonoId(db: Queryable, monoAccountId: string): Promise<BankAccount[]> {
  const { rows } = await db.query<AccountRow>(
    `SELECT ${columns} FROM bank_accounts AS a WHERE a.mono_account_id = $1 ORDER BY a.created_at`,
    [monoAccountId],
  );
  return rows.map(fromRow);
}

export async function listActiveIds(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    "SELECT id FROM bank_accounts WHERE status = 'active' ORDER BY created_at",
  );
  return rows.map((row) => row.id);
}

export async function listStreaks(db: Queryable, limit: number): Promise<{ id: string; streak: number }[]> {
  const { rows } = await db.query<{ id: string; streak: number }>(
    `SELECT id, failure_streak AS streak FROM bank_accounts
     WHERE last_synced_at IS NOT NULL OR failure_streak > 0 ORDER BY created_at LIMIT $1`,
    [limit],
  );
  return rows;
}

/** A failed run lengthens the streak; one that works ends it. Kept in the database: it outlives an instance. */
export async function recordOutcome(
  db: Queryable,
  id: string,
  outcome: 'success' | 'error',
): Promise<number> {
  const { rows } = await db.query<{ streak: number }>(
    `UPDATE bank_accounts
     SET failure_streak = CASE WHEN $2 = 'success' THEN 0 ELSE failure_streak + 1 END, updated_at = now()
     WHERE id = $1 RETURNING failure_streak AS streak`,
    [id, outcome],
  );
  return rows[0]?.streak ?? 0;
}

export interface AccountTotals {
  transaction_count: number;
  total_amount: string;
  first_transaction_date: string | null;
  last_transaction_date: string | null;
}

export async function readTotals(db: Queryable, id: string): Promise<AccountTotals> {
  const { rows } = await db.query<{ count: number; total: string; first: Date | null; last: Date | null }>(
    `SELECT count(*)::int AS count, coalesce(sum(amount), 0)::numeric(18,2)::text AS total,
       min(transaction_date) AS first, max(transaction_date) AS last
     FROM core_bank_transactions WHERE account_id = $1`,
    [id],
  );
  const row = rows[0];
  return {
    transaction_count: row?.count ?? 0,
    total_amount: row?.total ?? '0.00',
    first_transaction_date: row?.first?.toISOString() ?? null,
    last_transaction_date: row?.last?.toISOString() ?? null,
  };
}

function fromRow(row: AccountRow): BankAccount {
  return {
    id: row.id,
    connectionId: row.connection_id,
    monoAccountId: row.mono_account_id,
    currency: row.currency,
    status: row.status,
    cursor: row.cursor_at?.toISOString() ?? null,
    lastSyncedAt: row.last_synced_at?.toISOString() ?? null,
  };
}
