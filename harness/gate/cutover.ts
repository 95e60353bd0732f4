import type { ItemReport } from '../report/schema.ts';
import type { LoadedItem } from './load.ts';
import { lookAtCutover } from './moment.ts';
import type { RunState } from './run.ts';

type Cutover = NonNullable<ItemReport['cutover']>;

/** Judges the evidence as it is now, right before the release goes live, and writes that down. */
export async function atCutover({ input, reports }: RunState, { id }: LoadedItem): Promise<Cutover> {
  const { gate, clock, journal } = input;
  const now = clock.now();
  const fresh = lookAtCutover(gate.gate, [...reports.values()], now);
  const cutover = { at: now.toISOString(), fresh };
  await journal.append('cutover', { id, ...cutover });
  return cutover;
}

/** As it was when an earlier runner went live: nobody goes live twice, so nobody looks again. */
export function restoredCutover({ restored }: RunState, { id }: LoadedItem): { cutover?: Cutover } {
  if (restored.cutover?.item !== id) return {};
  const { at, fresh } = restored.cutover;
  return { cutover: { at, fresh } };
}
