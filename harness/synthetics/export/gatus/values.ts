/**
 * What Gatus compares are texts: a number is the text that Go prints for it, and `true` and "true" are the same.
 * Functions here go both ways, for the export and the import.
 */
const functions = /^(pat|any|len|has|age)\(.*\)$/s;
const operators = / (==|!=|<=|>=|<|>) /;
const typed =
  /^([+-]?(0[xXoObB])?[0-9a-fA-F_]+|[+-]?[0-9.]+([eE][+-]?[0-9]+)?|true|false|null|NaN|[+-]?Inf)$/;

/** Why a text can't stand in a condition; undefined where it can. */
export function unsayable(text: string): string | undefined {
  if (text === '') return 'Gatus has no empty text in a condition';
  if (text !== text.trim()) return 'Gatus cuts off space at both ends';
  if (operators.test(text)) return 'Gatus would read the operator inside of it';
  if (functions.test(text) || text.startsWith('['))
    return 'Gatus would read it as a function or a placeholder';
  return undefined;
}

/** Would Gatus, or whoever reads it back, take this text for a number or a truth value? */
export function looksTyped(text: string): boolean {
  return typed.test(text);
}

/** A number as Go prints it: 1234567 is 1.234567e+06. */
export function goNumber(value: number): string {
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** The text of a condition as JSON would have it. */
export function jsonValue(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : text;
}

/** A pattern for whatever holds this text. */
export function patternAround(text: string): string {
  return `pat(*${text.replaceAll(/[\\*?[]/g, '\\$&')}*)`;
}

/** The text that a pattern looks for; undefined for a pattern of another kind. */
export function textInPattern(pattern: string): string | undefined {
  const [, inside] = /^pat\(\*(.*)\*\)$/s.exec(pattern) ?? [];
  if (inside === undefined || /(?<!\\)(\\\\)*[*?[]/.test(inside) || /(?<!\\)(\\\\)*\\$/.test(inside))
    return undefined;
  return inside.replaceAll(/\\(.)/gs, '$1');
}

/** `/data/items/0/name` as `.data.items[0].name`; undefined where Gatus can't go. */
export function pathOf(pointer: string): string | undefined {
  if (pointer === '') return '';
  const keys = pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (keys.some((key) => key === '' || /[.[\]\s()]/.test(key))) return undefined;
  return keys.map((key) => (/^(0|[1-9][0-9]*)$/.test(key) ? `[${key}]` : `.${key}`)).join('');
}

/** The other way round. */
export function pointerOf(path: string): string | undefined {
  if (!/^(\.[^.[\]\s]+|\[[0-9]+\])*$/.test(path)) return undefined;
  return [...path.matchAll(/\.([^.[]+)|\[([0-9]+)\]/g)]
    .map(([, key, index]) => `/${(key ?? index ?? '').replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}
