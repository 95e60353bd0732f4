import { maskAccountNumber } from '#pipeline/shared/mask.ts';
import { minorFromJson } from '#pipeline/shared/money.ts';
import type { LinkInput, LinkSession, MonoAccount, ReauthInput } from '../types.ts';
import { MonoRequestError, MonoResponseError } from './errors.ts';

/** The shapes that Mono documents, and the two older ones that are still met. */

type Json = Record<string, unknown>;

/** One answer of the transactions endpoint. `next` is not kept: its documented path is wrong, so only its existence counts. */
export interface Sheet {
  rows: unknown[];
  total: number;
  page: number | undefined;
  hasNext: boolean;
  raw: string;
}

export function readSheet(envelope: Json, raw: string): Sheet {
  const inner = isObject(envelope.data) ? envelope.data : {};
  const rows = Array.isArray(envelope.data) ? envelope.data : inner.transactions;
  if (!Array.isArray(rows)) throw shape('transactions: `data` is not a list');
  const paging = envelope.meta ?? envelope.paging ?? inner.paging;
  if (!isObject(paging)) {
    // An account without data yet answers an empty list; anything else without paging can't be told complete.
    if (rows.length > 0) throw shape('transactions: neither `meta` nor `paging`');
    return { rows, total: 0, page: undefined, hasNext: false, raw };
  }
  const total = paging.total;
  if (!isCount(total)) throw shape('transactions: `meta.total` is not a count');
  const page = isCount(paging.page) ? paging.page : undefined;
  return { rows, total, page, hasNext: Boolean(paging.next), raw };
}

/** What tells rows apart while paging; a row without an id is its own content. */
export function rowKey(row: unknown): string {
  const id = isObject(row) ? (row.id ?? row._id) : undefined;
  return typeof id === 'string' ? id : JSON.stringify(row);
}

export function readAccount(envelope: Json): MonoAccount {
  const data = isObject(envelope.data) ? envelope.data : {};
  const account = data.account;
  if (!isObject(account)) throw shape('account: `data.account` is missing');
  const id = text(account.id) ?? text(account._id);
  if (id === null) throw shape('account: no id');
  const meta = isObject(data.meta) ? data.meta : {};
  const number = text(account.account_number);
  return {
    id,
    name: text(account.name),
    maskedAccountNumber: number === null ? null : maskAccountNumber(number),
    currency: text(account.currency),
    balance: minorFromJson(account.balance) ?? null,
    institution: isObject(account.institution) ? text(account.institution.name) : null,
    dataStatus: text(meta.data_status),
    retrievedData: Array.isArray(meta.retrieved_data)
      ? meta.retrieved_data.filter((item) => typeof item === 'string')
      : [],
  };
}

/** The documentation prints a bare `{"id"}`, live answers wrap it in `data`. */
export function readExchangedId(envelope: Json): { id: string } {
  const id = (isObject(envelope.data) ? text(envelope.data.id) : null) ?? text(envelope.id);
  if (id === null) throw shape('code exchange: neither `data.id` nor `id`');
  return { id };
}

export function readLink(envelope: Json): LinkSession {
  const data = isObject(envelope.data) ? envelope.data : {};
  const monoUrl = text(data.mono_url);
  if (monoUrl === null) throw shape('link: no `mono_url`');
  return {
    monoUrl,
    customerId: text(data.customer),
    reference: isObject(data.meta) ? text(data.meta.ref) : null,
    createdAt: text(data.created_at),
  };
}

export function linkBody(input: LinkInput | ReauthInput): Json {
  const common = { redirect_url: input.redirectUrl, meta: { ref: input.reference } };
  if ('accountId' in input) return { scope: 'reauth', account: input.accountId, ...common };
  const { institution } = input;
  return {
    scope: 'auth',
    customer: input.customer,
    ...common,
    ...(institution && {
      institution: {
        id: institution.id,
        auth_method: institution.authMethod,
        account_number: institution.accountNumber,
      },
    }),
  };
}

/** YYYY-MM-DD as DD-MM-YYYY, which is what the wire wants. */
export function wireDate(day: string): string {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day);
  const real = match && new Date(`${day}T00:00:00Z`).toString() !== 'Invalid Date';
  if (!real || new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day) {
    throw new MonoRequestError('BAD_INPUT', 'start and end of a fetch window are dates like 2026-11-20');
  }
  return `${match[3]}-${match[2]}-${match[1]}`;
}

/** An account id becomes part of a path: nothing that could lead elsewhere is let through. */
export function pathSegment(id: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(id)) return id;
  throw new MonoRequestError('BAD_INPUT', 'a Mono account id has letters, digits, `_` and `-` only');
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function shape(what: string): MonoResponseError {
  return new MonoResponseError('SHAPE', `Mono's answer is not as documented: ${what}`);
}
