import { isObject } from '../../checks/json.ts';
import { asLiteral } from '../export/templates.ts';

/** What a name between double braces is in our words: `secret.NAME`, `capture.name`; undefined for anything else. */
export type Meaning = (inside: string) => string | undefined;

/** Every string of a value in our words; what stands between braces and means nothing to us stays as it is. */
export function withoutBraces(value: unknown, meaning: Meaning): unknown {
  if (typeof value === 'string') return textWithoutBraces(value, meaning);
  if (Array.isArray(value)) return value.map((each) => withoutBraces(each, meaning));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutBraces(each, meaning)]));
}

function textWithoutBraces(text: string, meaning: Meaning): string {
  let out = '';
  let from = 0;
  for (const match of text.matchAll(/\{\{\s*([^{}]*?)\s*\}\}/g)) {
    const known = meaning(match[1] ?? '');
    if (known === undefined) continue;
    out += `${asLiteral(text.slice(from, match.index))}\${${known}}`;
    from = match.index + match[0].length;
  }
  return out + asLiteral(text.slice(from));
}

export const variableShape = /^[A-Za-z_][A-Za-z0-9_]*$/;
