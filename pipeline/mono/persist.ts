import { createHash } from 'node:crypto';
import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { maskPayload } from '#pipeline/shared/mask.ts';
import type { BankAccount } from './accounts.ts';
import { renewLease } from './runs.ts';
import type { CanonicalTransaction, MonoPage, TransformOutcome } from './types.ts';

export interface PageToStore {
  runId: string;
  account: BankAccount;
  page: MonoPage;
  outcomes: TransformOutcome[];
  /** Set with the last page only: until then rows before it may still be missing. */
  cursor: string | null;
}

export interface StoredCounts {
  inserted: number;
  duplicates: number;
  rejected: number;
}

type Rejected = Extract<TransformOutcome, { ok: false }>;

/** Raw payload, rows, rejected rows, lease and cursor of one page: all or nothing. */
export function storePage(db: Database, input: PageToStore): Promise<StoredCounts> {
  const rows = input.outcomes.filter((outcome) => outcome.ok).map((outcome) => outcome.row);
  const rejected = input.outcomes.filter((outcome): outcome is Rejected => !outcome.ok);
  return db.transaction(async (tx) => {
    await renewLease(tx, input.runId);
    await storeRaw(tx, input);
    const counts = await storeRows(tx, input, rows);
    await storeRejected(tx, input, rejected);
    if (input.cursor !== null) await advanceCursor(tx, input.account.id, input.cursor);
    return { ...counts, rejected: rejected.length };
  });
}

async function storeRaw(tx: Queryable, { runId, account, page }: PageToStore): Promise<void> {
  const body = JSON.stringify(maskPayload(page.transactions));
  await tx.query('INSERT INTO mono_raw_payloads (run_id, account_id, page, body) VALUES ($1, $2, $3, $4)', [
    runId,
    account.id,
    page.page,
    body,
  ]);
}

/**
 * `fresh` are the ids that this run meets for the first time: a row that shifted between pages counts once,
 * and what was stored by an earlier run counts as a duplicate exactly once.
 */
const insertRows = `
WITH input AS (
  SELECT DISTINCT ON (provider_transaction_id) * FROM jsonb_to_recordset($4::jsonb) AS r (
    provider_transaction_id text, transaction_reference text, transaction_type text, status text,
    amount numeric(18,2), currency text, description text, narration text, transaction_date timestamptz,
    value_date timestamptz, balance_after numeric(18,2), is_reversal boolean, original_transaction_id text,
    counterparty_name text, counterparty_account_masked text, counterparty_bank text, tags text[],
    transaction_metadata jsonb)
), fresh AS (
  INSERT INTO mono_run_seen (run_id, provider_transaction_id)
  SELECT $1, provider_transaction_id FROM input ON CONFLICT DO NOTHING
  RETURNING provider_transaction_id
), stored AS (
  INSERT INTO core_bank_transactions (
    first_run_id, connection_id, account_id, provider_transaction_id, transaction_reference, transaction_type,
    status, amount, currency, description, narration, transaction_date, value_date, balance_after, is_reversal,
    original_transaction_id, counterparty_name, counterparty_account_masked, counterparty_bank, tags,
    transaction_metadata)
  SELECT $1, $2, $3, provider_transaction_id, transaction_reference, transaction_type, status, amount, currency,
    description, narration, transaction_date, value_date, balance_after, is_reversal, original_transaction_id,
    counterparty_name, counterparty_account_masked, counterparty_bank, tags, transaction_metadata
  FROM input JOIN fresh USING (provider_transaction_id)
  ON CONFLICT (account_id, provider_transaction_id) DO NOTHING
  RETURNING 1
)
SELECT (SELECT count(*) FROM fresh)::int AS fresh, (SELECT count(*) FROM stored)::int AS inserted`;

async function storeRows(tx: Queryable, input: PageToStore, rows: CanonicalTransaction[]) {
  if (rows.length === 0) return { inserted: 0, duplicates: 0 };
  const result = await tx.query<{ fresh: number; inserted: number }>(insertRows, [
    input.runId,
    input.account.connectionId,
    input.account.id,
    JSON.stringify(rows.map(toColumns)),
  ]);
  const { fresh = 0, inserted = 0 } = result.rows[0] ?? {};
  return { inserted, duplicates: fresh - inserted };
}

function toColumns(row: CanonicalTransaction) {
  return {
    provider_transaction_id: row.providerTransactionId,
    transaction_reference: row.transactionReference,
    transaction_type: row.transactionType,
    status: row.status,
    amount: row.amount,
    currency: row.currency,
    description: row.description,
    narration: row.narration,
    transaction_date: row.transactionDate,
    value_date: row.valueDate,
    balance_after: row.balanceAfter,
    is_reversal: row.isReversal,
    original_transaction_id: row.originalTransactionId,
    counterparty_name: row.counterpartyName,
    counterparty_account_masked: row.counterpartyAccount,
    counterparty_bank: row.counterpartyBank,
    tags: row.tags,
    transaction_metadata: { ...row.metadata, dedupe_key: row.dedupeKey },
  };
}

async function storeRejected(tx: Queryable, input: PageToStore, rejected: Rejected[]): Promise<void> {
  if (rejected.length === 0) return;
  const rows = new Map<string, Record<string, unknown>>();
  for (const { reason, providerTransactionId, raw } of rejected) {
    const text = JSON.stringify(raw) ?? 'null';
    const digest = createHash('sha256').update(text).digest('hex');
    rows.set(digest, { digest, reason, raw: text, provider_transaction_id: providerTransactionId });
  }
  await tx.query(
    `INSERT INTO mono_rejected_rows (run_id, account_id, provider_transaction_id, reason, raw, raw_sha256)
     SELECT $1, $2, provider_transaction_id, reason, raw, decode(digest, 'hex')
     FROM jsonb_to_recordset($3::jsonb)
       AS r (digest text, reason text, raw text, provider_transaction_id text)
     ON CONFLICT (account_id, raw_sha256)
     DO UPDATE SET times = mono_rejected_rows.times + 1, run_id = excluded.run_id, last_seen_at = now()`,
    [input.runId, input.account.id, JSON.stringify([...rows.values()])],
  );
}

/**
 * Forward only: a resync of an old range must not take the cursor back. And never ahead of the clock: a row that
 * claims to come from the future would hide those that come before then.
 */
async function advanceCursor(tx: Queryable, accountId: string, cursor: string): Promise<void> {
  await tx.query(
    `UPDATE bank_accounts
     SET cursor_at = greatest(cursor_at, least($2::timestamptz, now())), updated_at = now()
     WHERE id = $1`,
    [accountId, cursor],
  );
}
