import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holds, parseComparison } from './comparison.ts';

const operators = ['<', '<=', '>', '>=', '=='] as const;

describe('a comparison', () => {
  it('holds as the operator says, however it is spaced', () => {
    const small = fc.integer({ min: 0, max: 50 });
    fc.assert(
      fc.property(
        fc.constantFrom(...operators),
        small,
        small,
        fc.constantFrom('', ' ', '  '),
        (operator, bound, value, space) => {
          const read = parseComparison(`${space}${operator}${space}${bound}${space}`);
          const order = Math.sign(value - bound);
          const expected = { '<': [-1], '<=': [-1, 0], '>': [1], '>=': [0, 1], '==': [0] }[operator];
          expect(holds(read, value)).toBe(expected.includes(order));
        },
      ),
    );
  });

  it('is false of what is no number, whatever the operator', () => {
    for (const operator of operators) expect(holds({ operator, bound: 1 }, Number.NaN)).toBe(false);
  });

  it.each(['', '800', '=800', '< ', '<-1', '<1e3', '< 800ms', '=>1'])('is not %j', (text) => {
    expect(() => parseComparison(text)).toThrow(/is no comparison/);
  });
});
