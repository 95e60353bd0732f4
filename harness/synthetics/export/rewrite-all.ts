import { type Notation, rewrite } from './templates.ts';

/** Every string of a value, keys aside, in the notation of somebody else. */
export function rewriteAll(value: unknown, notation: Notation): unknown {
  if (typeof value === 'string') return rewrite(value, notation);
  if (Array.isArray(value)) return value.map((each) => rewriteAll(each, notation));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rewriteAll(each, notation)]));
}
