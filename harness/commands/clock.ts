import type { Clock } from '../checks/define.ts';

/** The machine's own clock; durations do not follow when somebody sets it. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
};
