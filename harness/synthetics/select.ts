import { nearest } from '../config/nearest.ts';
import { CountersignError } from '../errors.ts';
import type { Check } from './definition.ts';

export interface Selection {
  /** Only checks that have all of these tags. */
  tags?: readonly string[];
  /** Only these. */
  names?: readonly string[];
}

/** The checks that are to be probed; a name that there is not is a slip, not a wish for nothing. */
export function selectChecks(checks: readonly Check[], { tags = [], names = [] }: Selection): Check[] {
  for (const name of names) {
    if (checks.some((check) => check.name === name)) continue;
    const known = checks.map((check) => check.name);
    const near = nearest(name, known);
    throw new CountersignError('USAGE', `there is no check \`${name}\` here`, {
      hint: near ? `did you mean \`${near}\`?` : `known: ${known.join(', ')}`,
    });
  }
  return checks.filter(
    (check) =>
      check.active &&
      (names.length === 0 || names.includes(check.name)) &&
      tags.every((tag) => check.tags.includes(tag)),
  );
}
