import { setTimeout as delay } from 'node:timers/promises';

/** Everything of the client that depends on time or chance, so that tests own both. */
export interface Timing {
  now(): Date;
  /** Milliseconds that never go back. */
  monotonic(): number;
  /** 0 up to, but not including, 1. */
  random(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const realTiming: Timing = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  random: Math.random,
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, signal ? { signal } : {});
    } catch (thrown) {
      throw signal?.aborted ? signal.reason : thrown;
    }
  },
};
