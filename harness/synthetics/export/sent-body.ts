import type { CheckOf } from '../definition.ts';
import type { Ledger } from './ledger.ts';

/** The body of a request and its headers; what is sent as JSON says so. */
export interface SentBody {
  body?: string;
  /** Where the body stands in the check. */
  field: 'json' | 'body';
  headers: Record<string, string>;
}

export function sentBody(ledger: Ledger<CheckOf<'http'>>): SentBody {
  const json = ledger.take('json');
  const given = ledger.take('headers') ?? {};
  if (json === undefined) {
    const body = ledger.take('body');
    return { ...(body === undefined ? {} : { body }), field: 'body', headers: given };
  }
  const typed = Object.keys(given).some((name) => name.toLowerCase() === 'content-type');
  const headers = typed ? given : { 'Content-Type': 'application/json', ...given };
  return { body: JSON.stringify(json), field: 'json', headers };
}
