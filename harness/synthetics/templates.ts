import type { Path } from '../config/yaml.ts';

/** `$${` is a plain `${`: whoever sends the text makes it one. */
const template = /\$\$\{|\$\{([^}]*)\}/g;

/** One that is never closed is no reference, and was most likely meant to be one. */
const opened = /\$\$\{|\$\{([^}]*)(\}?)/g;

/** Fields of a check whose text is no template. */
const literal = new Set(['name', 'description', 'expect']);

/** A copy of `value` with each reference replaced by what `replacement` gives for it. */
export function fillTemplates(
  value: unknown,
  path: Path,
  replacement: (name: string, path: Path, whole: string) => string,
): unknown {
  if (typeof value === 'string') {
    if (!value.includes('${')) return value;
    return value.replace(template, (whole, name?: string) =>
      name === undefined ? whole : replacement(name.trim(), path, whole),
    );
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value))
    return value.map((item, index) => fillTemplates(item, [...path, index], replacement));
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    isLiteral(path, key) ? item : fillTemplates(item, [...path, key], replacement),
  ]);
  return Object.fromEntries(entries);
}

/** Calls `visit` for each reference, without a name where it is never closed, with the path of its text and its offset there. */
export function walkTemplates(
  value: unknown,
  path: Path,
  visit: (name: string | undefined, path: Path, offset: number) => void,
): void {
  if (typeof value === 'string') {
    for (const match of value.matchAll(opened)) {
      if (match[1] !== undefined) visit(match[2] === '' ? undefined : match[1].trim(), path, match.index);
    }
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walkTemplates(item, [...path, index], visit);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (!isLiteral(path, key)) walkTemplates(item, [...path, key], visit);
    }
  }
}

const isLiteral = (path: Path, key: string) => path.length === 2 && path[0] === 'checks' && literal.has(key);
