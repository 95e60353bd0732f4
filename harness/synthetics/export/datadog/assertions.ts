import { asList, type Range, type Translations, wholeRange } from '../criteria.ts';
import { jsonPathOf, leavesOf } from '../json-path.ts';

export interface Assertion {
  type: string;
  operator: string;
  property?: string;
  target: unknown;
}

type Lose = (why: string, became?: unknown) => void;

/** The criteria of an HTTP check that Datadog has an assertion for. */
export const httpAssertions: Translations<Assertion> = {
  status_code: (said) => statusOf(asList<number>(said)),
  response_time_ms: responseTime,
  body_contains: (said) => asList<string>(said).map((text) => body('contains', text)),
  body_not_contains: (said) => asList<string>(said).map((text) => body('doesNotContain', text)),
  body_matches: (said) => body('matches', said),
  body_json: (said, lose) =>
    Object.entries(said).flatMap(([pointer, value]) => valueAt(pointer, value, lose) ?? []),
  body_json_equals: (said, lose) => {
    const assertions = leavesOf(said).flatMap(([pointer, value]) => valueAt(pointer, value, lose) ?? []);
    lose('each value is compared on its own, so that a body with more in it passes as well', assertions);
    return assertions;
  },
  headers_contain: (said, lose) =>
    Object.entries(said).map(([property, target]) => {
      const assertion = { type: 'header', operator: 'contains', property, target };
      if (/\p{L}/u.test(target)) lose('Datadog tells capitals from small letters', assertion);
      return assertion;
    }),
};

/** Status codes that will do. */
export function statusOf(codes: readonly number[]): Assertion {
  const [first, ...others] = codes;
  if (first !== undefined && others.length === 0)
    return { type: 'statusCode', operator: 'is', target: first };
  return { type: 'statusCode', operator: 'matches', target: `^(${codes.join('|')})$` };
}

/** What our own probe asks for where a check says nothing about the status. */
export const anySuccess: Assertion = { type: 'statusCode', operator: 'matches', target: '^2[0-9][0-9]$' };

export function responseTime(said: string, lose: Lose): Assertion[] {
  const range = wholeRange(said);
  const upper = upTo(range);
  if (range?.from !== undefined || !range) lose('Datadog has an upper bound of the time only', upper);
  return upper === undefined ? [] : [{ type: 'responseTime', operator: 'lessThan', target: upper }];
}

const upTo = (range: Range | undefined) => (range?.to === undefined ? undefined : range.to + 1);

/** Days until the certificate expires. */
export function certificateDays(said: string, lose: Lose): Assertion[] {
  const range = wholeRange(said);
  if (!range) {
    lose('it is never a fraction, so this never holds');
    return [];
  }
  if (range.from === 0) lose('Datadog takes a certificate on its last day for expired', 'isInMoreThan 0');
  return [
    ...(range.from === undefined ? [] : [certificate('isInMoreThan', Math.max(range.from - 1, 0))]),
    ...(range.to === undefined ? [] : [certificate('isInLessThan', range.to + 1)]),
  ];
}

export const certificate = (operator: string, target: number): Assertion => ({
  type: 'certificate',
  operator,
  target,
});

const body = (operator: string, target: unknown): Assertion => ({ type: 'body', operator, target });

function valueAt(pointer: string, value: unknown, lose: Lose): Assertion | undefined {
  if (value === null || typeof value === 'object') {
    lose(`Datadog compares texts and numbers: \`${pointer || '/'}\``);
    return undefined;
  }
  const target = typeof value === 'boolean' ? String(value) : value;
  const assertion = body('validatesJSONPath', {
    jsonPath: jsonPathOf(pointer),
    operator: 'is',
    targetValue: target,
  });
  if (target !== value) lose('Datadog compares it as a text', assertion);
  return assertion;
}
