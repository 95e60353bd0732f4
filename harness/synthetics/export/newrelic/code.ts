import { isObject } from '../../../checks/json.ts';
import { partsOf, variableOf } from '../templates.ts';

/** Secure credentials of New Relic have capitals, digits and underscores. */
export const credentialName = (secret: string) => variableOf(secret).toUpperCase();

/** A value of a check as an expression of JavaScript: secrets are `$secure.NAME`, captures `captured.name`. */
export function expression(value: unknown): string {
  if (typeof value === 'string') return textExpression(value);
  if (Array.isArray(value)) return `[${value.map(expression).join(', ')}]`;
  if (isObject(value)) {
    const entries = Object.entries(value).map(([key, each]) => `${literal(key)}: ${expression(each)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  return JSON.stringify(value);
}

function textExpression(text: string): string {
  const parts = partsOf(text).map((part) => {
    if ('text' in part) return literal(part.text);
    return 'secret' in part ? `$secure.${credentialName(part.secret)}` : `captured[${literal(part.capture)}]`;
  });
  return parts.length === 0 ? "''" : parts.join(' + ');
}

/** JSON is JavaScript; `__proto__` as a key would be more than a key. */
export function literal(text: string): string {
  const quoted = JSON.stringify(text);
  return text === '__proto__' ? `[${quoted}]` : quoted;
}
