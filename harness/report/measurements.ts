import type { Attempt, ItemReport } from './schema.ts';

/** Every measurement that an item rests on: its attempts or the samples of its watch, and those of its undo. */
export function measurementsOf({
  attempts,
  watch,
  undo,
}: Pick<ItemReport, 'attempts' | 'watch' | 'undo'>): Attempt[] {
  return [...(watch?.samples ?? attempts), ...(undo?.attempts ?? [])];
}
