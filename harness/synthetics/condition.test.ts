import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Condition, conditionProblem, formatCondition, parseCondition } from './condition.ts';

const count = fc.integer({ min: 1, max: 999_999 });
const duration = fc.integer({ min: 1, max: 400 * 86_400_000 });
const conditions: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ kind: fc.constant('consecutive' as const), failures: count }),
  fc.record({ kind: fc.constant('consecutive' as const), failures: count, withinMs: duration }),
  fc
    .tuple(count, count)
    .map(([a, b]) => ({ kind: 'share' as const, failures: Math.min(a, b), of: Math.max(a, b) })),
  fc.record({
    kind: fc.constant('availability' as const),
    belowPercent: fc.integer({ min: 1, max: 100_000 }).map((thousandths) => thousandths / 1_000),
    overMs: duration,
  }),
  fc.record({
    kind: fc.constant('percentile' as const),
    percentile: fc.integer({ min: 10, max: 999 }).map((tenths) => tenths / 10),
    aboveMs: duration,
    overMs: duration,
  }),
);

describe('the condition of a rule', () => {
  it.each([
    ['consecutive_failures >= 3 within 3m', { kind: 'consecutive', failures: 3, withinMs: 180_000 }],
    ['consecutive_failures>=2', { kind: 'consecutive', failures: 2 }],
    ['failures >= 3 of 5', { kind: 'share', failures: 3, of: 5 }],
    ['availability < 98.5% over 7d', { kind: 'availability', belowPercent: 98.5, overMs: 604_800_000 }],
    ['p95 > 800ms over 10m', { kind: 'percentile', percentile: 95, aboveMs: 800, overMs: 600_000 }],
    ['p99.9 > 1s500ms over 1h', { kind: 'percentile', percentile: 99.9, aboveMs: 1_500, overMs: 3_600_000 }],
  ])('%s', (text, condition) => {
    expect(parseCondition(text)).toEqual(condition);
  });

  it('says itself again in words that mean the same', () => {
    fc.assert(
      fc.property(conditions, (condition) => {
        expect(parseCondition(formatCondition(condition))).toEqual(condition);
      }),
    );
  });

  it('is a condition or a problem, whatever the text', () => {
    const word = fc.constantFrom(
      'consecutive_failures',
      'failures',
      'availability',
      'p95',
      '>=',
      '<',
      '>',
      'within',
      'of',
      'over',
      '3',
      '0',
      '98.5%',
      '3m',
      ' ',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (given) => {
        const problem = conditionProblem(given);
        if (!problem) return void parseCondition(given);
        expect(problem.offset).toBeLessThanOrEqual(given.length);
        expect(() => parseCondition(given)).toThrow(problem.message);
      }),
    );
  });

  it.each([
    ['consecutive_failure >= 3', 1, 'did you mean `consecutive_failures`?'],
    ['consecutive_failures > 3', 22, 'expected `>=`, not `>`'],
    ['consecutive_failures >= 3 in 3m', 27, 'expected `within`, not `in`'],
    ['consecutive_failures >= 0', 25, 'a whole number above 0'],
    ['failures >= 6 of 5', 1, 'there are never 6 failures of 5'],
    ['failures >= 3', 14, 'ends too early'],
    ['availability < 98.5 over 7d', 16, 'expected a percentage'],
    ['availability < 101% over 7d', 16, 'expected a percentage'],
    ['availability < 98.5% over a week', 27, 'expected a duration, not `a`'],
    ['availability < 98.5% over 0d', 27, 'expected a duration'],
    ['p95 > 800 over 10m', 7, 'expected a duration, not `800`'],
    ['p100 > 1s over 10m', 1, 'is nothing that a rule can look at'],
    ['p95 > 800ms over 10m please', 22, 'nothing may follow here'],
  ])('%s is refused at %i', (text, column, message) => {
    const problem = conditionProblem(text);
    expect(problem?.offset).toBe(column - 1);
    expect(`${problem?.message} ${problem?.hint}`).toContain(message);
  });
});
