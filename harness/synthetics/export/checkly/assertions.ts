import { asList, type Translations, wholeRange } from '../criteria.ts';
import { jsonPathOf, leavesOf } from '../json-path.ts';

/** As the API has it; the builders of the constructs give the same. */
export interface Assertion {
  source: string;
  property: string;
  comparison: string;
  target: string;
  regex: null;
}

type Lose = (why: string, became?: unknown) => void;

export function assertion(
  source: string,
  comparison: string,
  target: unknown = '',
  property = '',
): Assertion {
  return { source, property, comparison, target: String(target), regex: null };
}

/** The criteria of an HTTP check that Checkly has an assertion for. */
export const httpAssertions: Translations<Assertion> = {
  status_code: (said, lose) => statusOf(asList<number>(said), lose),
  response_time_ms: responseTime,
  body_contains: (said) => asList<string>(said).map((text) => assertion('TEXT_BODY', 'CONTAINS', text)),
  body_not_contains: (said) =>
    asList<string>(said).map((text) => assertion('TEXT_BODY', 'NOT_CONTAINS', text)),
  body_json: (said, lose) =>
    Object.entries(said).flatMap(([pointer, value]) => valueAt(pointer, value, lose) ?? []),
  body_json_equals: (said, lose) => {
    const assertions = leavesOf(said).flatMap(([pointer, value]) => valueAt(pointer, value, lose) ?? []);
    lose(
      'each value is compared on its own, so that a body with more in it passes as well',
      assertions.map(asText),
    );
    return assertions;
  },
  headers_contain: (said, lose) =>
    Object.entries(said).map(([name, part]) => {
      const made = assertion('HEADERS', 'CONTAINS', part, name);
      if (/\p{L}/u.test(part)) lose('Checkly tells capitals from small letters', asText(made));
      return made;
    }),
};

/** What our own probe asks for where a check says nothing about the status. */
export const anySuccess = between('STATUS_CODE', 200, 299);

/** Checkly fails an answer of 400 and more whatever is asserted, unless the check should fail. */
export const failsFrom = 400;

function statusOf(codes: readonly number[], lose: Lose): Assertion[] {
  const low = codes.filter((code) => code < failsFrom);
  const kept = (low.length > 0 ? low : codes).toSorted((a, b) => a - b);
  const [from = 0, to = from] = [kept[0], kept.at(-1)];
  const assertions = between('STATUS_CODE', from, to);
  const became = from === to ? String(from) : `${from} to ${to}`;
  if (kept.length < codes.length) lose('Checkly fails every answer of 400 and more, or none', became);
  else if (to - from + 1 > new Set(kept).size) lose('Checkly has bounds of the status, and no list', became);
  return assertions;
}

function between(source: string, from: number, to: number): Assertion[] {
  if (from === to) return [assertion(source, 'EQUALS', from)];
  return [assertion(source, 'GREATER_THAN', from - 1), assertion(source, 'LESS_THAN', to + 1)];
}

export function responseTime(said: string, lose: Lose): Assertion[] {
  return bounds('RESPONSE_TIME', '', said, lose);
}

/** Whole numbers within what a comparison says. */
export function bounds(source: string, property: string, said: string, lose: Lose): Assertion[] {
  const range = wholeRange(said);
  if (!range) {
    lose('it is never a fraction, so this never holds');
    return [];
  }
  const { from, to } = range;
  return [
    ...(from === undefined ? [] : [assertion(source, 'GREATER_THAN', from - 1, property)]),
    ...(to === undefined ? [] : [assertion(source, 'LESS_THAN', to + 1, property)]),
  ];
}

function valueAt(pointer: string, value: unknown, lose: Lose): Assertion | undefined {
  const path = jsonPathOf(pointer);
  if (value === null) return assertion('JSON_BODY', 'IS_NULL', '', path);
  if (typeof value === 'object') {
    lose(`Checkly compares single values: \`${pointer || '/'}\``);
    return undefined;
  }
  const made = assertion('JSON_BODY', 'EQUALS', value, path);
  if (typeof value === 'string' && /^(true|false|null|-?[0-9.]+([eE][+-]?[0-9]+)?)$/.test(value))
    lose('Checkly keeps what it compares with as a text, whatever its type', asText(made));
  return made;
}

export const asText = ({ source, property, comparison, target }: Assertion) =>
  [source, property, comparison, target].filter(Boolean).join(' ');
