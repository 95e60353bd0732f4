const reference = /\$\$\{|\$\{(secret|capture)\.([^}]*)\}/g;

export type Part = { text: string } | { secret: string } | { capture: string };

/** A text of a resolved check in pieces, in order; `$${` in it is a plain `${`. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let plain = '';
  let from = 0;
  const flush = () => {
    if (plain !== '') parts.push({ text: plain });
    plain = '';
  };
  for (const match of text.matchAll(reference)) {
    const [whole, space, name = ''] = match;
    plain += text.slice(from, match.index);
    from = match.index + whole.length;
    if (space === undefined) plain += '${';
    else {
      flush();
      parts.push(space === 'secret' ? { secret: name } : { capture: name });
    }
  }
  plain += text.slice(from);
  flush();
  return parts;
}

/** A text that is no template, in our notation. */
export function asLiteral(plain: string): string {
  return plain.replaceAll('${', () => '$${');
}

export interface Notation {
  text(plain: string): string;
  secret(name: string): string;
  capture(name: string): string;
}

/** The text in the notation of somebody else. */
export function rewrite(text: string, notation: Notation): string {
  return partsOf(text)
    .map((part) => {
      if ('text' in part) return notation.text(part.text);
      return 'secret' in part ? notation.secret(part.secret) : notation.capture(part.capture);
    })
    .join('');
}

/** For texts that hold no references: as they are sent. */
export const asSent: Notation = { text: (own) => own, secret: () => '', capture: () => '' };

export function plain(text: string): string {
  return rewrite(text, asSent);
}

/** Names of the secrets in every string of a value, without repeats, in order. */
export function secretsIn(value: unknown): string[] {
  const found = new Set<string>();
  visit(value, (part) => void ('secret' in part && found.add(part.secret)));
  return [...found];
}

export function hasCapture(value: unknown): boolean {
  let found = false;
  visit(value, (part) => {
    if ('capture' in part) found = true;
  });
  return found;
}

function visit(value: unknown, see: (part: Part) => void): void {
  if (typeof value === 'string') for (const part of partsOf(value)) see(part);
  else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) visit(each, see);
}

/** Name of a secret as an environment variable: `api-token` is `api_token`. */
export function variableOf(secret: string): string {
  return secret.replaceAll('-', '_');
}
