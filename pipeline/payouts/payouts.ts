import type { Queryable } from '#pipeline/runtime/db.ts';

export const providers = ['TMONEY', 'FLOOZ', 'MOMO', 'THUNES'] as const;
export type Provider = (typeof providers)[number];

export const statuses = ['PENDING', 'SENT', 'CONFIRMED', 'FAILED'] as const;
export type PayoutStatus = (typeof statuses)[number];

/** Submissions before a payout that nobody took is given up. */
export const maxAttempts = 5;

/** A row of `app.mobile_money_payouts`; `amount_cents` is a bigint in text. */
export interface Payout {
  id: string;
  transaction_id: string;
  provider: Provider;
  phone_e164: string;
  provider_ref: string | null;
  /** What the provider knows it by before it has given a reference of its own. */
  external_ref: string;
  status: PayoutStatus;
  amount_cents: string;
  currency: string;
  last_error: string | null;
  /** Submissions; asking for the status is none. */
  attempt_count: number;
  last_attempt_at: Date | null;
  next_retry_at: Date | null;
  retryable: boolean;
  provider_response: unknown;
  quote: unknown;
  /** How often it was tried again after it had failed; each time under another reference. */
  round: number;
  created_at: Date;
  updated_at: Date;
}

const names = [
  'id',
  'transaction_id',
  'provider',
  'phone_e164',
  'provider_ref',
  'external_ref',
  'status',
  'amount_cents',
  'currency',
  'last_error',
  'attempt_count',
  'last_attempt_at',
  'next_retry_at',
  'retryable',
  'provider_response',
  'quote',
  'round',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof Payout)[];
/** For a SELECT or a RETURNING; qualified where a join has other columns of these names. */
export const payoutColumns = (table?: string) =>
  names.map((name) => (table ? `${table}.${name}` : name)).join(', ');

export async function findPayout(db: Queryable, transactionId: string): Promise<Payout | undefined> {
  const sql = `SELECT ${payoutColumns()} FROM app.mobile_money_payouts WHERE transaction_id = $1`;
  const { rows } = await db.query<Payout>(sql, [transactionId]);
  return rows[0];
}

/** Whether the provider knows another payout by this reference. */
export async function isRefOfAnother(
  db: Queryable,
  { id, provider }: Payout,
  providerRef: string,
): Promise<boolean> {
  const { rows } = await db.query(
    'SELECT 1 FROM app.mobile_money_payouts WHERE provider = $1 AND provider_ref = $2 AND id <> $3',
    [provider, providerRef, id],
  );
  return rows.length > 0;
}

/*
 * Each transition below is one guarded statement. Undefined: the payout is not in a state that allows it (any more),
 * and nothing was changed.
 */

export interface Claimed {
  /** Changes nothing unless the payout is still the one of this claim; without it, whoever has claimed it. */
  claim?: string | undefined;
}

export interface Attempt extends Claimed {
  /** As it was read: whoever submits second has another number, and does not. */
  attemptCount: number;
  /** Nobody else takes the payout for so long. */
  leaseSeconds: number;
}

/** Before a submission: counts it, so that after a crash its outcome is asked for and not guessed. */
export function beginAttempt(db: Queryable, transactionId: string, attempt: Attempt) {
  return move(
    db,
    `attempt_count = attempt_count + 1, last_attempt_at = now(),
       next_retry_at = now() + make_interval(secs => $3)`,
    'attempt_count = $2 AND provider_ref IS NULL',
    [transactionId, attempt.attemptCount, attempt.leaseSeconds],
    attempt,
  );
}

export interface Sent extends Claimed {
  /** Null: it may have arrived, which the provider has to be asked for. A reference once known stays. */
  providerRef: string | null;
  /** Until it is looked at again. */
  delaySeconds: number;
  error?: string | null;
  response?: unknown;
}

export function markSent(db: Queryable, transactionId: string, sent: Sent) {
  return move(
    db,
    `status = 'SENT', provider_ref = coalesce(provider_ref, $2), last_error = $3,
       provider_response = coalesce($4, provider_response), next_retry_at = now() + make_interval(secs => $5)`,
    'true',
    [transactionId, sent.providerRef, sent.error ?? null, json(sent.response), sent.delaySeconds],
    sent,
  );
}

export interface Later extends Claimed {
  delaySeconds: number;
  error: string | null;
  response?: unknown;
}

/** Stays in its state, and is looked at again later. */
export function reschedule(db: Queryable, transactionId: string, later: Later) {
  return move(
    db,
    `last_error = $2, provider_response = coalesce($3, provider_response),
       next_retry_at = now() + make_interval(secs => $4)`,
    'true',
    [transactionId, later.error, json(later.response), later.delaySeconds],
    later,
  );
}

export interface Confirmation extends Claimed {
  providerRef?: string | null;
  /** The round that was paid, where it is not the last one. */
  round?: number;
  response?: unknown;
}

export function confirm(db: Queryable, transactionId: string, confirmation: Confirmation = {}) {
  return move(
    db,
    `status = 'CONFIRMED', provider_ref = coalesce(provider_ref, $2), last_error = NULL, next_retry_at = NULL,
       retryable = false, provider_response = coalesce($3, provider_response), paid_round = coalesce($4, round)`,
    'true',
    [
      transactionId,
      confirmation.providerRef ?? null,
      json(confirmation.response),
      confirmation.round ?? null,
    ],
    confirmation,
  );
}

export interface Failure extends Claimed {
  error: string;
  /** Whether an administrator may have it tried again without force. */
  retryable: boolean;
  providerRef?: string | null;
  response?: unknown;
}

/** For good: what was debited, fee included, returns to the wallet in the same statement. */
export async function fail(
  db: Queryable,
  transactionId: string,
  failure: Failure,
): Promise<Payout | undefined> {
  const { rows } = await db.query<Payout>(
    `WITH moved AS (
       UPDATE app.mobile_money_payouts
       SET status = 'FAILED', last_error = $2, retryable = $3, provider_ref = coalesce(provider_ref, $4),
         next_retry_at = NULL, provider_response = coalesce($5, provider_response)
       WHERE transaction_id = $1 AND status IN ('PENDING', 'SENT') AND ($6::uuid IS NULL OR claim = $6)
       RETURNING ${payoutColumns()}
     ), ${mirror('CASH_OUT_RETURN', '-')}
     SELECT * FROM moved`,
    [
      transactionId,
      failure.error,
      failure.retryable,
      failure.providerRef ?? null,
      json(failure.response),
      failure.claim ?? null,
    ],
  );
  return rows[0];
}

export interface Reopening {
  /** Also one that is not `retryable`. */
  force: boolean;
}

/**
 * FAILED to PENDING and due at once, with one submission left at least; its wallet is debited again. Without the
 * reference of the submission that failed, the provider is asked before anything is sent.
 */
export async function reopen(
  db: Queryable,
  transactionId: string,
  { force }: Reopening,
): Promise<Payout | undefined> {
  const { rows } = await db.query<Payout>(
    `WITH moved AS (
       UPDATE app.mobile_money_payouts
       SET status = 'PENDING', provider_ref = NULL, last_error = NULL, retryable = true, next_retry_at = now(),
         attempt_count = least(attempt_count, $3)
       WHERE transaction_id = $1 AND status = 'FAILED' AND (retryable OR $2) RETURNING ${payoutColumns()}
     ), ${mirror('CASH_OUT_AGAIN', '+')}
     SELECT * FROM moved`,
    [transactionId, force, maxAttempts - 1],
  );
  return rows[0];
}

/** An open payout is due at once, with one submission left at least. */
export function makeDue(db: Queryable, transactionId: string) {
  return move(
    db,
    'next_retry_at = least(next_retry_at, now()), attempt_count = least(attempt_count, $2)',
    'true',
    [transactionId, maxAttempts - 1],
  );
}

async function move(
  db: Queryable,
  set: string,
  when: string,
  values: unknown[],
  { claim }: Claimed = {},
): Promise<Payout | undefined> {
  const held = claim === undefined ? 'true' : `claim = $${values.length + 1}`;
  const { rows } = await db.query<Payout>(
    `UPDATE app.mobile_money_payouts SET ${set}
     WHERE transaction_id = $1 AND status IN ('PENDING', 'SENT') AND ${when} AND ${held}
     RETURNING ${payoutColumns()}`,
    claim === undefined ? values : [...values, claim],
  );
  return rows[0];
}

/** The entries of the cash-out once more, or turned round. */
function mirror(kind: string, sign: '+' | '-'): string {
  return `made AS (
       INSERT INTO app.transactions (kind, wallet_id, cash_out_id)
       SELECT '${kind}', t.wallet_id, t.id FROM moved JOIN app.transactions t ON t.id = moved.transaction_id
       RETURNING id, cash_out_id
     ), entered AS (
       INSERT INTO app.ledger_entries (transaction_id, account, wallet_id, amount_cents)
       SELECT made.id, e.account, e.wallet_id, ${sign} e.amount_cents
       FROM made JOIN app.ledger_entries e ON e.transaction_id = made.cash_out_id
     )`;
}

function json(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}
