import type { Criterion, CriterionName } from '../criteria-schema.ts';
import { parseComparison } from '../probe/comparison.ts';
import type { Ledger } from './ledger.ts';
import { rewriteAll } from './rewrite-all.ts';
import { asSent, secretsIn } from './templates.ts';

type Lose = (why: string, became?: unknown) => void;

/** How a target says each criterion, as parts of its own; what is not here it can't say. */
export type Translations<R> = {
  [N in CriterionName]?: (said: Criterion<N>[N], lose: Lose) => R | R[] | undefined;
};

/**
 * The criteria of a check in the words of a target, in order; the others become losses for the reason given.
 * `noSecrets`: why no secret can stand in them, for targets that fill nothing in; they get texts as they are meant.
 */
export function translateCriteria<R>(
  ledger: Ledger<{ success_criteria?: readonly Criterion[] }>,
  translations: Translations<R>,
  otherwise: string,
  noSecrets?: string,
): R[] {
  const criteria = ledger.take('success_criteria') ?? [];
  return criteria.flatMap((criterion, index) => {
    const own = ledger.inside<Partial<Record<CriterionName, unknown>>>(
      `success_criteria.${index}`,
      criterion,
    );
    const said = (Object.keys(criterion) as CriterionName[]).flatMap((name) => {
      const translate = translations[name] as
        | ((said: unknown, lose: Lose) => R | R[] | undefined)
        | undefined;
      if (!translate) return [];
      const value = own.take(name);
      if (noSecrets !== undefined && secretsIn(value).length > 0) {
        own.lose(name, value, noSecrets);
        return [];
      }
      return (
        translate(noSecrets === undefined ? value : rewriteAll(value, asSent), (why, became) =>
          own.lose(name, value, why, became),
        ) ?? []
      );
    });
    own.rest(otherwise);
    return said;
  });
}

export function asList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

/** Whole numbers that will do, both ends included. */
export interface Range {
  from?: number;
  to?: number;
}

/** What a comparison says of whole numbers, such as milliseconds and days; undefined where none will do. */
export function wholeRange(comparison: string): Range | undefined {
  const { operator, bound } = parseComparison(comparison);
  switch (operator) {
    case '<':
      return { to: Math.ceil(bound) - 1 };
    case '<=':
      return { to: Math.floor(bound) };
    case '>':
      return { from: Math.floor(bound) + 1 };
    case '>=':
      return { from: Math.ceil(bound) };
    case '==':
      return Number.isInteger(bound) ? { from: bound, to: bound } : undefined;
  }
}
