import { CountersignError } from '../../errors.ts';
import type { TextResult } from '../../sources/define.ts';
import { parseExactly } from '../json.ts';

const integers = new Set(['int2', 'int4', 'int8', 'numeric', 'oid']);
const floats = /^_?float[48]$/;

/**
 * Text of PostgreSQL to facts. Whole numbers are integers, or text beyond 2^53; decimals stay text, so that an
 * amount is never rounded.
 */
export function valuesOf({ columns, rows }: TextResult, allowFloat: boolean): Record<string, unknown>[] {
  const float = columns.find((column) => floats.test(column.type));
  if (float && !allowFloat) {
    throw new CountersignError(
      'SOURCE_ANSWER',
      `the column \`${float.name}\` is a ${float.type}, which rounds`,
      {
        hint: 'cast it to numeric, or say `allow_float: true` where it is no money',
      },
    );
  }
  const types = new Map(columns.map((column) => [column.name, column.type]));
  return rows.map((row) => {
    const entries = Object.entries(row).map(([name, text]) => [name, factOf(types.get(name), text, name)]);
    return Object.fromEntries(entries);
  });
}

function factOf(type: string | undefined, text: string | null, column: string): unknown {
  if (text === null || type === undefined) return text;
  if (integers.has(type)) return integerOrText(text, column);
  if (type === 'bool') return text === 't';
  if (type === 'json' || type === 'jsonb') return parseExactly(text);
  if (type === 'float4' || type === 'float8') return finite(text, column);
  // Sessions run in UTC, so the offset is always +00: RFC 3339 from here on.
  if (type === 'timestamptz') return text.replace(' ', 'T').replace(/\+00$/, 'Z');
  return text;
}

function integerOrText(text: string, column: string): number | string {
  if (/^-?[0-9]+$/.test(text)) {
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : text;
  }
  if (!/^-?[0-9]+\.[0-9]+$/.test(text)) throw noNumber(text, column);
  return text;
}

function finite(text: string, column: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw noNumber(text, column);
  return value;
}

function noNumber(text: string, column: string): CountersignError {
  return new CountersignError('NO_DATA', `the column \`${column}\` holds ${text}, which is no number`);
}
