import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { Anything, BigInteger, Instant } from '../checks/define.ts';
import { checkExpectation, evaluateExpectation } from './evaluate.ts';
import type { FactSchema } from './facts.ts';

const schema = Type.Object({
  left: Type.Object({ total_minor: BigInteger(), rows: Type.Integer() }),
  right: Type.Object({ total_minor: BigInteger(), rows: Type.Integer() }),
  alerts: Type.Array(Type.Object({ name: Type.String(), armed: Type.Boolean() })),
  classes: Type.Record(Type.String(), Type.Integer()),
  p95: Type.Number(),
  at: Instant(),
  events: Type.Array(Anything()),
  summary: Anything(),
}) as unknown as FactSchema;

const facts = {
  left: { total_minor: '92233720368547758079223372036854775807', rows: 3 },
  right: { total_minor: '92233720368547758079223372036854775807', rows: 3 },
  alerts: [
    { name: 'a', armed: true },
    { name: 'b', armed: false },
  ],
  classes: { unit: 2 },
  p95: 0.8,
  at: '2026-11-25T08:00:00Z',
  events: [{ event: 'x.completed', payload: { fetched: 3 } }],
  summary: { inserted_count: 307, rate: 0.5 },
};

const judge = (text: string, needs = {}) => evaluateExpectation(text, { schema, facts, needs });

describe('expectations', () => {
  it.each([
    ['2026-11-25T08:00:00.123Z', 'true'],
    ['2026-11-25T09:00:00.123+01:00', 'true'],
    ['2026-11-25 08:00:00.123456+00', 'true'],
    ['Wed, 25 Nov 2026 08:00:00 GMT', 'false'],
    ['2026-11-25T08:00:00.123456', 'error'],
    ['2026-11-25 08:00:00.123456', 'error'],
    ['Wed Nov 25 2026 08:00:00', 'error'],
  ])('a time means the same on every machine, so one without a zone is none: %s', (at, outcome) => {
    const given = { type: 'object', properties: { first: { 'x-cel': 'dyn' } } } as const;
    const text = 'timestamp(first.at) == timestamp("2026-11-25T08:00:00.123Z")';
    expect(evaluateExpectation(text, { schema: given, facts: { first: { at } }, needs: {} }).outcome).toBe(
      outcome,
    );
  });

  it('says of a fact that was not measured that it is missing, not that nobody knows it', () => {
    const { p95: _, ...others } = facts;
    expect(evaluateExpectation('p95 < 1.0', { schema, facts: others, needs: {} })).toMatchObject({
      outcome: 'error',
      message: 'this measurement has no fact `p95`',
    });
  });

  it.each([
    'left.total_minor == right.total_minor',
    'alerts.size() > 0 && alerts.exists(a, a.name == "a" && a.armed)',
    'classes["unit"] == 2',
    'p95 < 1.0',
    'at > timestamp("2026-01-01T00:00:00Z")',
    'summary.inserted_count > 0 && summary.inserted_count + 1 == 308',
    'events.exists(e, e.event == "x.completed" && e.payload.fetched == 3)',
  ])('checks and holds: %s', (text) => {
    expect(checkExpectation(text, schema)).toBeUndefined();
    expect(judge(text)).toMatchObject({ outcome: 'true' });
  });

  it('compares integers beyond 2^53 exactly', () => {
    const off = structuredClone(facts);
    off.right.total_minor = '92233720368547758079223372036854775808';
    const judged = evaluateExpectation('left.total_minor == right.total_minor', {
      schema,
      facts: off,
      needs: {},
    });
    expect(judged.outcome).toBe('false');
    expect(judged.operands).toEqual([
      { text: 'left.total_minor', value: '92233720368547758079223372036854775807' },
      { text: 'right.total_minor', value: '92233720368547758079223372036854775808' },
    ]);
  });

  it.each([
    ['left.totl == 1', 'No such key: totl'],
    ['lefft.rows == 1', 'Unknown variable'],
    ['left.rows == 1.5', 'no such overload'],
    ['p95 == 1', 'no such overload'],
    ['alerts.exists(a, a.arrmed)', 'No such key: arrmed'],
    ['left.rows', 'it gives int'],
    ['left.rows ==', 'Unexpected token'],
    ['alerts.all(a, a.armed)', 'is true of an empty list'],
    ['alerts.size() >= 0 && alerts.all(a, a.armed)', 'is true of an empty list'],
    ['alerts.size() > 0 || alerts.all(a, a.armed)', 'is true of an empty list'],
    ['alerts.size() > 0 ? true : alerts.all(a, a.armed)', 'is true of an empty list'],
    ['!(alerts.size() > 0) && alerts.all(a, a.armed)', 'is true of an empty list'],
    ['true', 'it reads no fact'],
    ['[1, 2].exists(n, n > 1)', 'it reads no fact'],
    ['events.size() > 0 && alerts.all(a, a.armed)', '`alerts.all(…)` is true of an empty list'],
  ])('lint refuses %s', (text, message) => {
    expect(checkExpectation(text, schema)?.message).toContain(message);
  });

  it.each(['summary.nope > 0', 'summary.rate > "x"', 'left.rows', '1/0 == 1', 'events[7].event == "x"'])(
    'what can not be told is an error, never true: %s',
    (text) => {
      expect(judge(text).outcome).toBe('error');
      expect(judge(text).message).toBeTruthy();
    },
  );

  it.each([
    ['int(first.total) == 0', ''],
    ['uint(first.total) == 0u', ''],
    ['rows.exists(r, int(r) == 0)', ''],
    ['int(first.total) == 12', '12'],
    ['p95 < 1.0 &&\n  -int(first.total) == -int("12")', '12'],
    ['"int(" + first.total == "int(12"', '12'],
  ])('an empty text is no number: %s of `%s`', (text, total) => {
    const given = {
      type: 'object',
      properties: { first: { 'x-cel': 'dyn' }, rows: { 'x-cel': 'dyn' }, p95: { type: 'number' } },
    } as const;
    const judged = evaluateExpectation(text, {
      schema: given,
      facts: { first: { total }, rows: [total], p95: 0.5 },
      needs: {},
    });
    expect(judged.outcome).toBe(total === '' ? 'error' : 'true');
  });

  it('names what broke an all()', () => {
    expect(judge('alerts.size() > 0 && alerts.all(a, a.armed)').operands.at(-1)).toEqual({
      text: 'alerts.filter(a, !(a.armed))',
      value: '[{"name":"b","armed":false}]',
    });
  });

  it('reads the facts of needed items', () => {
    const needs = { smoke: { schema, facts } };
    expect(judge("needs['smoke'].summary.inserted_count == summary.inserted_count", needs).outcome).toBe(
      'true',
    );
    expect(judge("needs['gone'].summary.inserted_count == 1", needs).outcome).toBe('error');
  });
});
