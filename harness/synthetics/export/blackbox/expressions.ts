/** A text that stands for itself in the regular expressions of Go. */
export function quoted(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

/** The text that a quoted expression stands for; undefined for an expression of another kind. */
export function textOf(expression: string): string | undefined {
  const text = expression.replaceAll(/\\([\\.+*?()|[\]{}^$])/g, '$1');
  return quoted(text) === expression ? text : undefined;
}

const notInGo = /\(\?[=!<]|\\[1-9k]|\[\^?\]|\\c/;
const escapes = /\\([A-Za-z0-9])/g;
const same = new Set('dDwWsSbBnrtfvx');

/** An expression of JavaScript in Go's dialect; undefined where that has nothing like it. */
export function inGo(expression: string): string | undefined {
  if (notInGo.test(expression)) return undefined;
  if (
    [...expression.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].some(([, least, most]) => Number(most || least) > 1000)
  )
    return undefined;
  const hexadecimal = expression.replaceAll(/\\u([0-9a-fA-F]{4})/g, '\\x{$1}');
  if ([...hexadecimal.matchAll(escapes)].some(([, letter = '']) => !same.has(letter))) return undefined;
  return hexadecimal;
}

/** A value of JSON as it is written, whatever the space in it; keys in the order given. */
export function jsonExpression(value: unknown): string {
  const parts = (open: string, inside: string[], close: string) =>
    `${open}\\s*${inside.join('\\s*,\\s*')}${inside.length > 0 ? '\\s*' : ''}${close}`;
  if (Array.isArray(value)) return parts('\\[', value.map(jsonExpression), '\\]');
  if (typeof value !== 'object' || value === null) return quoted(JSON.stringify(value));
  const members = Object.entries(value).map(
    ([key, each]) => `${quoted(JSON.stringify(key))}\\s*:\\s*${jsonExpression(each)}`,
  );
  return parts('\\{', members, '\\}');
}

/** A value of JSON in CEL, where numbers of JSON are doubles. */
export function celValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(celValue).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, each]) => `${celText(key)}: ${celValue(each)}`)
      .join(', ')}}`;
  }
  if (typeof value === 'string') return celText(value);
  if (typeof value === 'number') return Number.isInteger(value) ? `${value.toFixed(1)}` : String(value);
  return String(value);
}

/** `body.data[0].id`, the way to a value; undefined for the whole, or where the body would be a list. */
export function celPath(pointer: string): string | undefined {
  if (pointer === '') return undefined;
  const keys = pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (/^\d+$/.test(keys[0] ?? '')) return undefined;
  return `body${keys.map(step).join('')}`;
}

const reserved =
  /^(in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while|true|false|null)$/;

function step(key: string): string {
  if (/^(0|[1-9]\d*)$/.test(key)) return `[${key}]`;
  return /^[A-Za-z_]\w*$/.test(key) && !reserved.test(key) ? `.${key}` : `[${celText(key)}]`;
}

function celText(text: string): string {
  return JSON.stringify(text);
}
