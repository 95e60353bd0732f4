import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queryable } from './db.ts';

export interface RateLimiter {
  /** Waits for a turn; gives the milliseconds waited. */
  take(signal?: AbortSignal): Promise<number>;
}

/** Where all instances count their turns. One that cannot be reached throws: no turn is ever given on trust. */
export interface TurnStore {
  readonly name: 'postgresql' | 'redis';
  /** 0 when the turn is given, at most `perMinute` in any 60 s; else the milliseconds until asking may help. */
  ask(key: string, perMinute: number, signal?: AbortSignal): Promise<number>;
  close(): void;
}

/** Waiting for a turn is not the provider's slowness, so whoever times a stage subtracts it. */
export interface WaitMeter {
  waitedMs: number;
}

const meters = new AsyncLocalStorage<WaitMeter>();

export function withWaitMeter<T>(meter: WaitMeter, work: () => T): T {
  return meters.run(meter, work);
}

export function createRateLimiter(turns: TurnStore, key: string, perMinute: number): RateLimiter {
  return {
    async take(signal) {
      const began = performance.now();
      for (;;) {
        signal?.throwIfAborted();
        const wait = await turns.ask(key, perMinute, signal);
        if (wait === 0) break;
        // Instances that wait for the same turn should not all ask for it in the same millisecond. One that is told
        // to give up does so above, with the reason that it was given.
        await sleep(wait + Math.random() * 50, undefined, signal ? { signal } : {}).catch(() => {});
      }
      const waited = performance.now() - began;
      const meter = meters.getStore();
      if (meter) meter.waitedMs += waited;
      return waited;
    },
  };
}

export function createPostgresTurns(db: Queryable): TurnStore {
  return {
    name: 'postgresql',
    async ask(key, perMinute) {
      const sql = 'SELECT take_rate_slot($1, $2) AS wait';
      const { rows } = await db.query<{ wait: number }>(sql, [key, perMinute]);
      const wait = rows[0]?.wait;
      if (wait === undefined) throw new Error('take_rate_slot gave no row');
      return wait;
    },
    close() {},
  };
}
