import { setTimeout as sleep } from 'node:timers/promises';

/** A loop that pauses between tries, and ends at once when it is told to. */
export function createWaiter() {
  const stopping = new AbortController();
  return {
    isWaiting: () => !stopping.signal.aborted,
    pause: (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => {}),
    stop: () => stopping.abort(),
  };
}
