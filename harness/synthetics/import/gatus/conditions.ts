import type { Criterion } from '../../criteria-schema.ts';
import { jsonValue, pointerOf, textInPattern } from '../../export/gatus/values.ts';
import { fromGo } from '../go-duration.ts';

export interface Read {
  criteria: Criterion[];
  /** CEL for what no criterion says. */
  expect: string[];
  /** What `[BODY]`, or a path in it, is compared with; what that means depends on the type. */
  bodies: Body[];
  /** `[CONNECTED]`, `[DNS_RCODE]` and `len([BODY])` as they stand: whoever knows the type judges them. */
  others: string[];
  /** Is the status compared, or the expiry of the certificate? Our probes have a rule for where it is not. */
  aboutStatus: boolean;
  aboutExpiry: boolean;
}

export interface Body {
  condition: string;
  /** `.data.id`, or empty. */
  path: string;
  operator: '==' | '!=';
  value: string;
}

type Lose = (why: string, became?: unknown) => void;

const operators = [' == ', ' != ', ' <= ', ' >= ', ' > ', ' < '] as const;

/** The conditions of an endpoint. `lose` gets what none of our words fit, by its index. */
export function readConditions(
  conditions: readonly string[],
  lose: (index: number, why: string, became?: unknown) => void,
): Read {
  const all = new Set(conditions);
  const about = (placeholder: string) => conditions.some((condition) => condition.startsWith(placeholder));
  const read: Read = {
    criteria: [],
    expect: [],
    bodies: [],
    others: [],
    aboutStatus: about('[STATUS]'),
    aboutExpiry: about('[CERTIFICATE_EXPIRATION]'),
  };
  for (const [index, condition] of conditions.entries()) {
    if (isBasis(condition, all)) continue;
    const operator = operators.find((each) => condition.includes(each));
    const [left = '', right = ''] =
      operator === undefined ? [] : condition.split(operator).map((part) => part.trim());
    const told = (why: string, became?: unknown) => lose(index, why, became);
    if (operator === undefined) told('this is no condition');
    else readOne(read, { left, operator: operator.trim(), right, condition }, told);
  }
  return read;
}

/** 2xx is what our probe asks for anyway. */
function isBasis(condition: string, all: ReadonlySet<string>): boolean {
  const [least, most] = ['[STATUS] >= 200', '[STATUS] < 300'];
  return (condition === least || condition === most) && all.has(least) && all.has(most);
}

interface Parts {
  left: string;
  operator: string;
  right: string;
  condition: string;
}

function readOne(read: Read, parts: Parts, lose: Lose): void {
  const { left, right, operator, condition } = parts;
  if (left === '[STATUS]') readStatus(read, parts, lose);
  else if (left === '[RESPONSE_TIME]') {
    const ms = fromMs(right);
    if (ms === undefined || operator === '!=') lose('our probe compares it with a number');
    else read.criteria.push({ response_time_ms: `${operator}${ms}` });
  } else if (left === '[CERTIFICATE_EXPIRATION]') readExpiry(read, parts, lose);
  else if (left === '[BODY]' || left.startsWith('[BODY].') || left.startsWith('[BODY]['))
    readBody(read, parts, lose);
  else if (['[CONNECTED]', '[DNS_RCODE]', 'len([BODY])'].includes(left)) read.others.push(condition);
  else lose('our probe sees nothing like it');
}

function readStatus({ criteria, expect }: Read, { operator, right }: Parts, lose: Lose): void {
  const [, several] = /^any\(([0-9, ]+)\)$/.exec(right) ?? [];
  const codes = (several ?? right).split(',').map((code) => Number(code.trim()));
  const known = codes.every((code) => Number.isInteger(code) && code >= 100 && code <= 599);
  if (!known) lose('our probe compares it with a number');
  else if (operator === '==') criteria.push({ status_code: codes.length === 1 ? (codes[0] ?? 200) : codes });
  else if (several === undefined) expect.push(`status ${operator} ${codes[0]}`);
  else expect.push(`!(status in [${codes.join(', ')}])`);
}

/** Milliseconds as Gatus reads them: a duration, or a number whose fraction it cuts off. */
function fromMs(right: string): number | undefined {
  const duration = fromGo(right);
  if (duration) return Number(toMs(right));
  return /^[0-9]+(\.[0-9]+)?$/.test(right) ? Math.trunc(Number(right)) : undefined;
}

function toMs(text: string): number {
  const units: Record<string, number> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  let total = 0;
  for (const [, count, unit = ''] of text.matchAll(/([0-9.]+)(ns|us|ms|s|m|h)/g))
    total += Number(count) * (units[unit] ?? 0);
  return Math.trunc(total);
}

const dayMs = 86_400_000;

/** Our days are whole: a certificate with 14.5 days left has 14. */
function readExpiry({ criteria }: Read, { operator, right }: Parts, lose: Lose): void {
  const ms = fromMs(right);
  if (ms === undefined || operator === '!=' || operator === '==') {
    lose('our probe compares whole days');
    return;
  }
  // That it has not expired, our probe asks for anyway.
  if (right === '0' && operator === '>') return;
  const days = Math.ceil(ms / dayMs);
  const exact = ms % dayMs === 0;
  const ours = operator.startsWith('>') ? `>=${days}` : `<${days}`;
  if (!exact || operator === '<=') lose('our probe counts whole days', `certificate_days: ${ours}`);
  criteria.push({ certificate_days: ours });
}

function readBody({ bodies }: Read, { left, operator, right, condition }: Parts, lose: Lose): void {
  if (operator !== '==' && operator !== '!=') lose('our criteria have no such comparison');
  else bodies.push({ condition, path: left.slice('[BODY]'.length), operator, value: right });
}

const isFunction = (value: string) => /^(pat|any)\(.*\)$/s.test(value);

/** What a body of HTTP is compared with; undefined where our criteria have nothing like it. */
export function bodyCriterion(body: Body): Criterion | undefined {
  const { path, operator, value } = body;
  if (path !== '') return valueCriterion(body);
  const text = textInPattern(value);
  if (text !== undefined) return operator === '==' ? { body_contains: text } : { body_not_contains: text };
  if (operator !== '==' || isFunction(value)) return undefined;
  return { body_matches: `^\\s*${value.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}\\s*$` };
}

/** A value at a place, which is what it is. */
export function valueCriterion({
  path,
  operator,
  value,
}: Body): { body_json: Record<string, unknown> } | undefined {
  const pointer = pointerOf(path);
  if (pointer === undefined || operator === '!=' || isFunction(value)) return undefined;
  return { body_json: { [pointer]: jsonValue(value) } };
}
