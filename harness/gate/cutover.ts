import type { ItemReport } from '../report/schema.ts';
import type { LoadedItem } from './load.ts';
import { freshAt } from './moment.ts';
import type { RunState } from './run.ts';

/** Judges the evidence as it is now, right before the release goes live, and writes that down. */
export async function atCutover(
  { input, reports }: RunState,
  { id }: LoadedItem,
): Promise<NonNullable<ItemReport['cutover']>> {
  const { gate, clock, journal } = input;
  const now = clock.now();
  const fresh = freshAt(gate.gate, [...reports.values()], 'cutover', now);
  const cutover = { at: now.toISOString(), fresh };
  await journal.append('cutover', { id, ...cutover });
  return cutover;
}
