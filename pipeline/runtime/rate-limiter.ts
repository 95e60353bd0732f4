import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queryable } from './db.ts';

export interface RateLimiter {
  /** Waits for a turn; gives the milliseconds waited. */
  take(signal?: AbortSignal): Promise<number>;
}

/** Waiting for a turn is not the provider's slowness, so whoever times a stage subtracts it. */
export interface WaitMeter {
  waitedMs: number;
}

const meters = new AsyncLocalStorage<WaitMeter>();

export function withWaitMeter<T>(meter: WaitMeter, work: () => T): T {
  return meters.run(meter, work);
}

/** At most `perMinute` turns in any 60 s over all instances that share the database and the key. */
export function createPostgresRateLimiter(db: Queryable, key: string, perMinute: number): RateLimiter {
  return {
    async take(signal) {
      const began = performance.now();
      for (;;) {
        signal?.throwIfAborted();
        const { rows } = await db.query<{ wait: number }>('SELECT take_rate_slot($1, $2) AS wait', [
          key,
          perMinute,
        ]);
        const wait = rows[0]?.wait ?? 0;
        if (wait === 0) break;
        // Instances that wait for the same slot should not all ask for it in the same millisecond.
        await sleep(wait + Math.random() * 50, undefined, signal ? { signal } : {});
      }
      const waited = performance.now() - began;
      const meter = meters.getStore();
      if (meter) meter.waitedMs += waited;
      return waited;
    },
  };
}
