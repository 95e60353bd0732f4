import { CountersignError } from '../errors.ts';

/** Sixteen digits in a row, or an exponent: without either, every integer is below 2^53. */
const mayHoldLargeInteger = /[0-9]{16}|[0-9][eE]/;

type SourceReviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

/**
 * JSON.parse, except that an integer beyond 2^53 stays its exact text: rounded in silence, two different
 * amounts could compare equal. Throws SyntaxError as JSON.parse does.
 */
export function parseExactly(text: string): unknown {
  if (!mayHoldLargeInteger.test(text)) return JSON.parse(text);
  const keepLargeIntegers: SourceReviver = (_key, value, context) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    if (!Number.isInteger(value) && Number.isFinite(value)) return value;
    return context?.source ?? String(value);
  };
  return JSON.parse(text, keepLargeIntegers as Parameters<typeof JSON.parse>[1]);
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value that an RFC 6901 pointer leads to, or `undefined`; the empty pointer is the whole document. */
export function pointTo(document: unknown, pointer: string): unknown {
  if (pointer === '') return document;
  if (!pointer.startsWith('/')) {
    throw new CountersignError('CONFIG_INVALID', `\`${pointer}\` is not a JSON pointer`, {
      hint: 'a JSON pointer (RFC 6901) starts with a slash: /data/items/0/name',
    });
  }
  let at = document;
  for (const raw of pointer.slice(1).split('/')) {
    at = step(at, raw.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (at === undefined) return undefined;
  }
  return at;
}

function step(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return /^(0|[1-9][0-9]*)$/.test(key) ? value[Number(key)] : undefined;
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
