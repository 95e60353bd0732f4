import type { Check } from '../definition.ts';
import type { AlertRule } from '../schema.ts';

/** The checks that a rule is about: those that it names, of them those that have its labels. */
export function targetsOf(rule: AlertRule, checks: readonly Check[]): Check[] {
  const { checks: names, match = {} } = rule;
  return checks.filter(
    ({ name, labels }) =>
      (names === undefined || names.includes(name)) &&
      Object.entries(match).every(([label, value]) => labels[label] === value),
  );
}
