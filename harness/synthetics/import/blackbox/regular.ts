import { textOf as quotedText } from '../../export/blackbox/expressions.ts';

/** An expression of Go in JavaScript; undefined where that has nothing like it. */
export function inJavaScript(expression: string): string | undefined {
  if (/\(\?[a-zA-Z-]|\\[AzQECapP]|\[\[:/.test(expression)) return undefined;
  const own = expression.replaceAll(
    /\\x\{([0-9a-fA-F]{1,4})\}/g,
    (_, code: string) => `\\u${code.padStart(4, '0')}`,
  );
  try {
    new RegExp(own);
    return own;
  } catch {
    return undefined;
  }
}

/** The text that `(?i)text` looks for, or `text` itself. */
export function textIgnoringCase(expression: string): string | undefined {
  return quotedText(expression.replace(/^\(\?i\)/, ''));
}

/** `body.a == 1.0 && body == {"b": true}` as criteria; undefined for CEL of another kind. */
export function fromCel(
  expression: string,
): ({ body_json: Record<string, unknown> } | { body_json_equals: unknown })[] | undefined {
  const read = expression.split(' && ').map((part) => {
    const [, path = '', text = ''] =
      /^body((?:\.\w+|\[\d+\]|\["(?:[^"\\]|\\.)*"\])*) == (.*)$/s.exec(part) ?? [];
    const value = jsonOf(text);
    if (!value) return undefined;
    if (path === '') return { body_json_equals: value.json };
    const keys = [...path.matchAll(/\.(\w+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)].map(
      ([, name, index, quoted]) =>
        quoted === undefined ? (name ?? index ?? '') : (JSON.parse(quoted) as string),
    );
    return {
      body_json: {
        [keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')]: value.json,
      },
    };
  });
  return read.includes(undefined) ? undefined : read.filter((each) => each !== undefined);
}

function jsonOf(text: string): { json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
