import type { Attempt, ItemReport } from './schema.ts';

/** Every measurement that an item rests on: its attempts or the samples of its watch, and those of its undo. */
export function measurementsOf({
  attempts,
  watch,
  undo,
}: Pick<ItemReport, 'attempts' | 'watch' | 'undo'>): Attempt[] {
  return [...(watch?.samples ?? attempts), ...(undo?.attempts ?? [])];
}

/** How long an item was at it, in milliseconds: a watch from its first sample to its last. */
export function spentMs({ attempts, watch }: Pick<ItemReport, 'attempts' | 'watch'>): number {
  if (watch) return Math.max(0, Date.parse(watch.ended_at) - Date.parse(watch.started_at));
  return attempts.reduce((total, { duration_ms }) => total + duration_ms, 0);
}
