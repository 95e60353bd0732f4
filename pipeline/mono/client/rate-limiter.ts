import type { RateLimiter } from '../types.ts';
import { realTiming, type Timing } from './timing.ts';

const windowMs = 60_000;

export interface MemoryRateLimiterOptions {
  perMinute: number;
  timing?: Pick<Timing, 'monotonic' | 'sleep'>;
}

/** At most `perMinute` turns in any 60 seconds, in the order of asking. For one process only. */
export function createMemoryRateLimiter(options: MemoryRateLimiterOptions): RateLimiter {
  const { perMinute, timing = realTiming } = options;
  if (!Number.isInteger(perMinute) || perMinute < 1) {
    throw new RangeError('the rate limit must be a whole number of at least 1 a minute');
  }
  const taken: number[] = [];
  return {
    async take(signal) {
      signal?.throwIfAborted();
      const now = timing.monotonic();
      const oldest = taken.length >= perMinute ? taken.shift() : undefined;
      const turn = oldest === undefined ? now : Math.max(now, oldest + windowMs);
      // Reserved before waiting, so that whoever asks next queues behind. A turn that is given up stays spent.
      taken.push(turn);
      if (turn > now) await timing.sleep(turn - now, signal);
      return turn - now;
    },
  };
}
