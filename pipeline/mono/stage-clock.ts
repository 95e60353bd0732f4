import { type WaitMeter, withWaitMeter } from '#pipeline/runtime/rate-limiter.ts';
import type { Stage } from './operations.ts';

export interface StageClock {
  run<T>(stage: Stage, work: () => T | Promise<T>): Promise<T>;
  /** Seconds that a stage took so far, without the waits for the rate limit; undefined if it never ran. */
  seconds(stage: Stage): number | undefined;
  /** The stage in which the run failed. */
  failed(): Stage | undefined;
}

/** A run's stages interleave page by page; each stage is one figure a run, the sum of its parts. */
export function createStageClock(): StageClock {
  const spent = new Map<Stage, number>();
  let failed: Stage | undefined;
  return {
    async run(stage, work) {
      const meter: WaitMeter = { waitedMs: 0 };
      const began = performance.now();
      try {
        return await withWaitMeter(meter, work);
      } catch (error) {
        failed ??= stage;
        throw error;
      } finally {
        const seconds = Math.max(0, performance.now() - began - meter.waitedMs) / 1000;
        spent.set(stage, (spent.get(stage) ?? 0) + seconds);
      }
    },
    seconds: (stage) => spent.get(stage),
    failed: () => failed,
  };
}
