import { createHash } from 'node:crypto';
import { maskAccountNumber, maskPayload, maskText, storableText } from '#pipeline/shared/mask.ts';
import { minorFromJson, minorToDecimal } from '#pipeline/shared/money.ts';
import type {
  CanonicalTransaction,
  RejectionReason,
  TransactionStatus,
  TransactionType,
  TransformOutcome,
} from './types.ts';

type Raw = Record<string, unknown>;

export interface TransformAccount {
  /** Used for rows that name no currency. */
  currency: string;
  /** Added to the tags of every row. */
  tags?: readonly string[];
}

/** Thrown and caught in this file only: a row is left at the first rule that it breaks. */
class Rejection extends Error {
  readonly reason: RejectionReason;
  constructor(reason: RejectionReason) {
    super(reason);
    this.reason = reason;
  }
}

/** One raw row to the canonical schema, or the reason why not. Never throws, never loses a row. */
export function transformTransaction(raw: unknown, account: TransformAccount): TransformOutcome {
  try {
    return { ok: true, row: canonicalRow(asObject(raw), account) };
  } catch (thrown) {
    if (!(thrown instanceof Rejection)) throw thrown;
    return {
      ok: false,
      reason: thrown.reason,
      providerTransactionId: isObject(raw) ? idOf(raw) : null,
      raw: maskPayload(raw),
    };
  }
}

function canonicalRow(row: Raw, account: TransformAccount): CanonicalTransaction {
  const meta = isObject(row.meta) ? row.meta : {};
  const id = idOf(row) ?? reject('missing_id');
  const type = typeOf(row);
  const status = statusOf(row, meta);
  const isHold = meta.is_hold === true;
  const kobo = amountOf(row, isHold || status === 'pending');
  const currency = currencyOf(row, account);
  const transactionDate = instant(row.date) ?? reject('invalid_date');
  const narration = freeText(row.narration);
  const isReversal = status === 'reversed' || meta.is_reversal === true;
  return {
    providerTransactionId: id,
    dedupeKey: createHash('sha256').update(`${id}|${kobo}|${transactionDate}|${type}`).digest('hex'),
    transactionReference: freeText(row.reference ?? meta.reference),
    transactionType: type,
    status,
    amount: minorToDecimal(kobo),
    currency,
    description: freeText(row.description) ?? narration,
    narration,
    transactionDate,
    valueDate: instant(row.value_date ?? meta.value_date) ?? null,
    balanceAfter: balanceOf(row),
    ...counterpartyOf(meta),
    isReversal,
    originalTransactionId: isReversal
      ? plainText(meta.original_transaction_id ?? meta.reversal_reference)
      : null,
    tags: tagsOf([row.category, type, ...(account.tags ?? [])]),
    metadata: metadataOf({ row, meta, id, isHold, kobo, type }),
  };
}

function typeOf(row: Raw): TransactionType {
  const type = typeof row.type === 'string' ? row.type.trim().toLowerCase() : '';
  return type === 'credit' || type === 'debit' ? type : reject('invalid_type');
}

function statusOf(row: Raw, meta: Raw): TransactionStatus {
  const given = row.status ?? meta.status ?? 'completed';
  const status = typeof given === 'string' ? given.trim().toLowerCase() : '';
  if (status === 'completed' || status === 'pending' || status === 'reversed') return status;
  return reject('invalid_status');
}

function amountOf(row: Raw, zeroAllowed: boolean): bigint {
  const kobo = minorFromJson(row.amount) ?? reject('invalid_amount');
  if (kobo < 0n) reject('negative_amount');
  if (kobo === 0n && !zeroAllowed) reject('zero_amount');
  return kobo;
}

function currencyOf(row: Raw, account: TransformAccount): string {
  const given = row.currency ?? (account.currency || 'NGN');
  const currency = typeof given === 'string' ? given.trim().toUpperCase() : '';
  if (!/^[A-Z]{3}$/.test(currency)) reject('invalid_currency');
  if (minorDigits(currency) !== 2) reject('unsupported_currency');
  return currency;
}

/** Kobo to naira holds for currencies of two decimal places; a franc or a dinar would be off by a factor. */
const minorDigits = (() => {
  const known = new Map<string, number | undefined>();
  return (currency: string): number | undefined => {
    if (!known.has(currency)) {
      const format = new Intl.NumberFormat('en', { style: 'currency', currency });
      known.set(currency, format.resolvedOptions().maximumFractionDigits);
    }
    return known.get(currency);
  };
})();

function balanceOf(row: Raw): string | null {
  if (row.balance === null || row.balance === undefined) return null;
  return minorToDecimal(minorFromJson(row.balance) ?? reject('invalid_balance'));
}

function counterpartyOf(meta: Raw) {
  const party = isObject(meta.counterparty) ? meta.counterparty : {};
  const account = plainText(party.account_number);
  return {
    counterpartyName: freeText(party.name),
    counterpartyAccount: account === null ? null : maskAccountNumber(account),
    counterpartyBank: freeText(party.bank),
  };
}

function tagsOf(values: readonly unknown[]): string[] {
  const texts = values.map(freeText).filter((text) => text !== null);
  return [...new Set(texts.map((text) => text.toLowerCase()))];
}

function metadataOf(known: {
  row: Raw;
  meta: Raw;
  id: string;
  isHold: boolean;
  kobo: bigint;
  type: TransactionType;
}): Record<string, unknown> {
  const { row, meta, id, isHold, kobo, type } = known;
  const signed = minorToDecimal(type === 'debit' ? -kobo : kobo);
  return {
    provider: 'mono',
    raw_transaction_id: id,
    raw_category: freeText(row.category),
    raw_currency: freeText(row.currency),
    is_hold: isHold,
    raw_amount_kobo: Number(kobo),
    signed_amount: signed,
    ...(Object.keys(meta).length > 0 && { mono_meta: maskPayload(meta) }),
  };
}

const dateTime =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** RFC 3339 with a zone, as UTC; undefined for anything else, a 30th of February included. */
function instant(value: unknown): string | undefined {
  const match = typeof value === 'string' ? dateTime.exec(value) : null;
  if (!match) return undefined;
  const [text, year, month, day] = match;
  const daysInMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > daysInMonth)
    return undefined;
  const utc = new Date(text);
  return utc.getUTCFullYear() >= 1900 && utc.getUTCFullYear() <= 9999 ? utc.toISOString() : undefined;
}

function idOf(row: Raw): string | null {
  return plainText(row.id) ?? plainText(row._id);
}

/** Trimmed text, or null where there is none. */
function plainText(value: unknown): string | null {
  return typeof value === 'string' ? storableText(value).trim() || null : null;
}

function freeText(value: unknown): string | null {
  const text = plainText(value);
  return text === null ? null : maskText(text);
}

function asObject(value: unknown): Raw {
  return isObject(value) ? value : reject('not_an_object');
}

function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function reject(reason: RejectionReason): never {
  throw new Rejection(reason);
}
