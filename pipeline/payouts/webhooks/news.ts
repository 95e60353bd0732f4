import type { PayoutStatus, Provider } from '#pipeline/payouts/payouts.ts';
import { assertPlain } from '#pipeline/runtime/input.ts';

/** What a callback says. */
export interface News {
  providerRef: string | null;
  externalRef: string | null;
  /** In the provider's word. */
  status: string;
  state: Exclude<PayoutStatus, 'PENDING'>;
}

/** What of a callback could be read, for the record, and why it is refused where it is. */
export interface Reading extends Omit<News, 'state' | 'status'> {
  status: string | null;
  news: News | undefined;
  problem: 'INVALID_JSON' | 'MISSING_STATUS' | 'MISSING_PROVIDER_REF_OR_EXTERNAL_REF' | undefined;
}

const providerRefNames = ['provider_ref', 'providerReference', 'reference', 'transaction_id', 'id'];
const externalRefNames = [
  'external_ref',
  'externalReference',
  'external_id',
  'client_ref',
  'clientReference',
  'merchant_ref',
  'merchantReference',
];
/** The name that MTN's own callbacks have for our reference. */
const momoRefNames = [...externalRefNames, 'externalId'];
const statusNames = ['status', 'state'];

const succeeded = ['SUCCESS', 'SUCCESSFUL', 'CONFIRMED', 'COMPLETED'];
const failed = ['FAILED', 'REJECTED', 'CANCELLED', 'CANCELED'];

/** A status that is in no list says only that it is under way. */
export function stateOf(provider: Provider, status: string): News['state'] {
  const word = status.trim().toUpperCase();
  // What Thunes has confirmed it has taken, and may decline yet: its own answers tell when it is paid.
  if (provider === 'THUNES' && word === 'CONFIRMED') return 'SENT';
  if (succeeded.includes(word) || (provider === 'THUNES' && word === 'PAID')) return 'CONFIRMED';
  if (failed.includes(word) || (provider === 'THUNES' && /^(DECLINED|REJECTED)/.test(word))) return 'FAILED';
  return 'SENT';
}

/**
 * Whether the provider has it. Thunes also tells of what was made and is not confirmed: nobody is paid by that, and it
 * must not be taken for sent, or nobody would go on with it.
 */
export function isTaken(provider: Provider, status: string): boolean {
  return provider !== 'THUNES' || !/^(CREATED|1\d{4})$/.test(status.trim().toUpperCase());
}

export function readNews(provider: Provider, body: Buffer): Reading {
  const root = parse(body);
  if (!root) {
    return { providerRef: null, externalRef: null, status: null, news: undefined, problem: 'INVALID_JSON' };
  }
  const data = isObject(root.data) ? root.data : root;
  const providerRef = firstOf(data, providerRefNames);
  const externalRef = firstOf(data, provider === 'MOMO' ? momoRefNames : externalRefNames);
  const status = firstOf(data, statusNames);
  const read = { providerRef, externalRef, status };
  if (status === null) return { ...read, news: undefined, problem: 'MISSING_STATUS' };
  if (providerRef === null && externalRef === null) {
    return { ...read, news: undefined, problem: 'MISSING_PROVIDER_REF_OR_EXTERNAL_REF' };
  }
  const news = { providerRef, externalRef, status, state: stateOf(provider, status) };
  return { ...read, news, problem: undefined };
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    assertPlain(parsed);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function firstOf(data: Record<string, unknown>, names: readonly string[]): string | null {
  for (const name of names) {
    const value = Object.hasOwn(data, name) ? data[name] : undefined;
    if (typeof value === 'string' && value !== '' && value.length <= 200) return value;
    if (Number.isSafeInteger(value)) return String(value);
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
