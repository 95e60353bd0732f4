const longDigitRun = /\p{Nd}{10,}/gu;
const accountKey = /^(account_?(number|no)|nuban|iban|pan|card_?number|bvn|nin|phone(_?number)?|msisdn)$/i;
const visible = 4;
const deepest = 64;

/** All but the last four characters; a value of four or fewer is hidden whole. */
export function maskAccountNumber(value: string): string {
  const compact = value.replace(/[\s-]/g, '');
  const shown = compact.length > visible ? compact.slice(-visible) : '';
  return '*'.repeat(compact.length - shown.length) + shown;
}

/** Hides account, card and phone numbers in free text: every run of ten digits or more. */
export function maskText(text: string): string {
  return text.replace(longDigitRun, maskAccountNumber);
}

/** Whether free text names somebody: an e-mail address, or a number that `maskText` hides. */
export function showsPerson(text: string): boolean {
  return /[^\s@]@[^\s@]+\.[^\s@]/u.test(text) || maskText(text) !== text;
}

/** PostgreSQL stores neither NUL nor lone surrogates: one such character would fail a whole batch. */
export function storableText(text: string): string {
  return text.replaceAll('\u0000', '').toWellFormed();
}

/**
 * A copy of a provider's payload that may be stored or shown: account numbers masked, text storable.
 * Values under `id` keys stay whole, since rows are matched by them.
 */
export function maskPayload(value: unknown): unknown {
  return maskNode(value, '', 0);
}

function maskNode(value: unknown, key: string, depth: number): unknown {
  if (typeof value === 'string') return maskLeaf(storableText(value), key);
  if (typeof value === 'number') return accountKey.test(key) ? maskAccountNumber(String(value)) : value;
  if (value === null || typeof value !== 'object') return value;
  if (depth >= deepest) return '[nested too deeply]';
  if (Array.isArray(value)) return value.map((item) => maskNode(item, key, depth + 1));
  const entries = Object.entries(value).map(([name, item]) => [
    maskText(storableText(name)),
    maskNode(item, name, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function maskLeaf(text: string, key: string): string {
  if (accountKey.test(key)) return maskAccountNumber(text);
  return /^_?id$|_id$/.test(key) && !/^\p{Nd}+$/u.test(text) ? text : maskText(text);
}
