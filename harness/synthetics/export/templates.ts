import { CountersignError } from '../../errors.ts';

const template = /\$\$\{|\$\{([^}]*)\}/g;

export type Part = { text: string } | { secret: string } | { capture: string };

/** A resolved text in pieces; `$${` has become a plain `${`. Throws CONFIG_INVALID for a template that is neither. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let plain = '';
  let from = 0;
  const flush = () => {
    if (plain !== '') parts.push({ text: plain });
    plain = '';
  };
  for (const match of text.matchAll(template)) {
    plain += text.slice(from, match.index);
    from = match.index + match[0].length;
    if (match[1] === undefined) plain += '${';
    else {
      flush();
      parts.push(reference(match[1].trim()));
    }
  }
  plain += text.slice(from);
  flush();
  return parts;
}

function reference(name: string): Part {
  const [space, rest = ''] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)];
  if (space === 'secret') return { secret: rest };
  if (space === 'capture') return { capture: rest };
  throw new CountersignError('CONFIG_INVALID', `\`\${${name}}\` was not filled in`, {
    hint: 'name the environment with --env, or write $${ for a plain ${',
  });
}

/** The text in another notation. */
export function rewrite(
  text: string,
  notation: { text(plain: string): string; secret(name: string): string; capture(name: string): string },
): string {
  return partsOf(text)
    .map((part) => {
      if ('text' in part) return notation.text(part.text);
      return 'secret' in part ? notation.secret(part.secret) : notation.capture(part.capture);
    })
    .join('');
}

/** Our notation for a plain text: `${` is no template in it. */
export function asLiteral(plain: string): string {
  return plain.replaceAll('${', '$${');
}

export function secretsIn(text: string): string[] {
  return partsOf(text).flatMap((part) => ('secret' in part ? [part.secret] : []));
}

export function hasCapture(text: string): boolean {
  return partsOf(text).some((part) => 'capture' in part);
}

/** Name of a secret as an environment variable: `api-token` is API_TOKEN. */
export function variableOf(secret: string): string {
  return secret.replaceAll('-', '_').toUpperCase();
}
