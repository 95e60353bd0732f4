import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryRateLimiter } from './rate-limiter.ts';

/** Time that passes only by sleeping. */
function sleepingTime() {
  const time = { now: 0 };
  return {
    time,
    timing: {
      monotonic: () => time.now,
      sleep: async (milliseconds: number) => {
        time.now += milliseconds;
      },
    },
  };
}

describe('rate limiter in memory', () => {
  it('lets no 60 seconds have more turns than the limit, and wastes none', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 10 }),
        fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 40 }),
        async (perMinute, pauses) => {
          const { time, timing } = sleepingTime();
          const limiter = createMemoryRateLimiter({ perMinute, timing });
          const turns: number[] = [];
          for (const pause of pauses) {
            time.now += pause;
            const waited = await limiter.take();
            turns.push(time.now);
            const earlier = turns.at(-1 - perMinute);
            if (earlier !== undefined) expect(time.now - earlier).toBeGreaterThanOrEqual(60_000);
            if (waited > 0) expect(time.now - Number(earlier)).toBe(60_000);
          }
        },
      ),
    );
  });

  it('queues those who ask at once', async () => {
    const waits: number[] = [];
    const timing = { monotonic: () => 0, sleep: async (ms: number) => void waits.push(ms) };
    const limiter = createMemoryRateLimiter({ perMinute: 2, timing });
    await Promise.all(Array.from({ length: 6 }, () => limiter.take()));
    expect(waits).toEqual([60_000, 60_000, 120_000, 120_000]);
  });

  it('stops waiting when aborted', async () => {
    const limiter = createMemoryRateLimiter({ perMinute: 1 });
    const abort = new AbortController();
    await limiter.take(abort.signal);
    const waiting = limiter.take(abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(limiter.take(abort.signal)).rejects.toThrow('enough');
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a limit of %d', (perMinute) => {
    expect(() => createMemoryRateLimiter({ perMinute })).toThrow(RangeError);
  });
});
