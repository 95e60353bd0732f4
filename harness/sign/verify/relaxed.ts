import type { JournalEntry } from '../../gate/journal.ts';
import { clockSetBack } from '../../gate/relaxation.ts';
import type { SignOff } from '../../report/schema.ts';
import { type Finding, fail } from './finding.ts';

/** What the journal tells of times that are less certain stands among the relaxations, so often as it happened. */
export function checkRelaxed({ relaxations }: SignOff, entries: readonly JournalEntry[]): Finding[] {
  const told = entries
    .filter(({ type }) => type === 'clock-set-back')
    .map(({ data }) => clockSetBack((data as { by_ms: number }).by_ms));
  const times = (list: readonly string[], text: string) => list.filter((one) => one === text).length;
  const hidden = told.filter((text) => times(relaxations, text) < times(told, text));
  return [...new Set(hidden)].map((text) => fail('relaxations', `the report does not say: ${text}`));
}
