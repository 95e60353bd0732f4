import { isObject } from '../../../checks/json.ts';
import { asList, type Range, type Translations, wholeRange } from '../criteria.ts';
import { goNumber, looksTyped, pathOf, patternAround, unsayable } from './values.ts';

type Lose = (why: string, became?: unknown) => void;

/** The criteria that Gatus has a condition for. */
export const conditionsOf: Translations<string> = {
  status_code: (said) => {
    const codes = asList<number>(said);
    return `[STATUS] == ${codes.length === 1 ? codes[0] : `any(${codes.join(', ')})`}`;
  },
  response_time_ms: (said, lose) => within('[RESPONSE_TIME]', wholeRange(said), 1, '', lose),
  certificate_days: (said, lose) => within('[CERTIFICATE_EXPIRATION]', wholeRange(said), 24, 'h', lose),
  body_contains: (said, lose) => asList<string>(said).flatMap((text) => holding('==', text, lose)),
  body_not_contains: (said, lose) => asList<string>(said).flatMap((text) => holding('!=', text, lose)),
  received_contains: (said, lose) => asList<string>(said).flatMap((text) => holding('==', text, lose)),
  body_json: (said, lose) =>
    Object.entries(said).flatMap(([pointer, value]) => equal(pointer, value, lose) ?? []),
  body_json_equals: (said, lose) => wholeBody(said, lose),
  serving: (said) => `[BODY].status ${said ? '==' : '!='} SERVING`,
};

/** What Gatus must hold to where a check says nothing about it itself. */
export const bases = {
  http: ['[STATUS] >= 200', '[STATUS] < 300'],
  tcp: ['[CONNECTED] == true'],
  dns: ['[DNS_RCODE] == NOERROR', 'len([BODY]) > 0'],
  tls: ['[CONNECTED] == true', '[CERTIFICATE_EXPIRATION] > 0'],
  websocket: ['[CONNECTED] == true'],
  grpc: ['[BODY].status == SERVING'],
} as const;

function within(what: string, range: Range | undefined, factor: number, unit: string, lose: Lose): string[] {
  if (!range) {
    lose('it is never a fraction, so this never holds');
    return [];
  }
  const { from, to } = range;
  const amount = (value: number) => `${value * factor}${unit}`;
  if (from !== undefined && from === to && unit === '') return [`${what} == ${amount(from)}`];
  return [
    ...(from === undefined ? [] : [`${what} >= ${amount(from)}`]),
    ...(to === undefined ? [] : [`${what} < ${amount(to + 1)}`]),
  ];
}

/** What a body must hold, or must not. */
export function holding(operator: '==' | '!=', text: string, lose: Lose): string[] {
  const why = unsayable(text);
  if (why !== undefined && !text.startsWith('[') && !/^\w+\(/.test(text)) {
    lose(why);
    return [];
  }
  const condition = `[BODY] ${operator} ${patternAround(text)}`;
  if (text.includes('/')) lose('patterns of Gatus do not see slashes, on either side', condition);
  return [condition];
}

/** `[BODY].data.id == 5`; undefined, and a loss, where that can't be said. */
export function equal(pointer: string, value: unknown, lose: Lose): string | undefined {
  if (pointer === '') return wholeValue(value, lose);
  const path = pathOf(pointer);
  if (path === undefined) {
    lose(`Gatus has no way to \`${pointer}\``);
    return undefined;
  }
  const text = textOf(value);
  if (text === undefined) {
    lose(`Gatus compares single values, and null is none of them: \`${pointer || '/'}\``);
    return undefined;
  }
  const why = unsayable(text);
  if (why !== undefined) {
    lose(`\`${pointer}\`: ${why}`);
    return undefined;
  }
  const condition = `[BODY]${path} == ${text}`;
  if (typeof value === 'string' && looksTyped(text))
    lose('Gatus does not tell it from a number or a truth value', condition);
  return condition;
}

/** Without a way into it, a body is its bytes. */
function wholeValue(value: unknown, lose: Lose): string | undefined {
  const text = JSON.stringify(value);
  const why = unsayable(text);
  const condition = why === undefined ? `[BODY] == ${text}` : undefined;
  lose(why ?? 'Gatus compares the bytes of a body, and not what they mean', condition);
  return condition;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return goNumber(value);
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  return undefined;
}

/** Each value of the body on its own: Gatus compares whole bodies only as bytes, spaces included. */
function wholeBody(said: unknown, lose: Lose): string[] {
  if (!isObject(said) && !Array.isArray(said)) return [equal('', said, lose) ?? []].flat();
  const conditions = leaves(said, '').flatMap(([pointer, value]) => equal(pointer, value, lose) ?? []);
  lose(
    'each value is compared on its own, so that a body with more in it passes as well',
    conditions.join(' and '),
  );
  return conditions;
}

function leaves(value: unknown, pointer: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[pointer, value]];
  return Object.entries(value).flatMap(([key, each]) =>
    leaves(each, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}
