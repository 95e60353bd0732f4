import { CountersignError } from '../../errors.ts';

export interface Comparison {
  operator: '<' | '<=' | '>' | '>=' | '==';
  bound: number;
}

const shape = /^\s*(<=|>=|<|>|==)\s*([0-9]+(?:\.[0-9]+)?)\s*$/;

/** Reads `<800`. Throws CONFIG_INVALID. */
export function parseComparison(text: string): Comparison {
  const [, operator, bound] = shape.exec(text) ?? [];
  if (operator === undefined || bound === undefined) {
    throw new CountersignError('CONFIG_INVALID', `\`${text}\` is no comparison`, {
      hint: 'an operator and a number, such as "<800"',
    });
  }
  return { operator: operator as Comparison['operator'], bound: Number(bound) };
}

/** False for what is no number. */
export function holds({ operator, bound }: Comparison, value: number): boolean {
  switch (operator) {
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '==':
      return value === bound;
  }
}
