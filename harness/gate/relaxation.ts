import { formatDuration } from '../config/duration.ts';

/** The line of a report whose run had its clocks divided: watches, and the intervals and rules of the local stack. */
export function clocksDivided(by: number): string {
  return `intervals and durations of the local stack were divided by ${by}`;
}

/** The line of a report in whose run the clock of the machine was set back. */
export function clockSetBack(byMs: number): string {
  return `the clock of the machine was set back by ${formatDuration(byMs)} during the run`;
}
