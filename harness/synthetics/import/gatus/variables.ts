import { isObject } from '../../../checks/json.ts';
import { asLiteral } from '../../export/templates.ts';

/** Gatus fills in variables of its environment, and `$$` is a dollar sign: in our words they are secrets. */
export function inOurWords(value: unknown): unknown {
  if (typeof value === 'string') return textInOurWords(value);
  if (Array.isArray(value)) return value.map(inOurWords);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.replaceAll('$$', '$'), inOurWords(each)]),
  );
}

const variable = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)/g;

function textInOurWords(text: string): string {
  let out = '';
  let plain = '';
  let from = 0;
  for (const match of text.matchAll(variable)) {
    plain += text.slice(from, match.index);
    from = match.index + match[0].length;
    const name = match[1] ?? match[2];
    if (name === undefined) plain += '$';
    else {
      out += `${asLiteral(plain)}\${secret.${name}}`;
      plain = '';
    }
  }
  return out + asLiteral(plain + text.slice(from));
}
