import { CountersignError } from '../errors.ts';
import type { PrometheusSource, Sample } from './define.ts';

/** How far back an instant query of Prometheus looks by default. */
const STALENESS_MS = 5 * 60_000;
const PRECISION_MS = 1_000;

/**
 * Seconds since the newest sample of a selector, by the server's own clock; nothing when it has none. An instant
 * query stamps its answer with the time of asking, so the age has to be asked for.
 */
export async function selectorAge(
  prometheus: PrometheusSource,
  selector: string,
  lookbackMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  let now: Sample[] = [];
  try {
    now = await prometheus.instant(`time() - max(timestamp(${selector}))`, { signal });
  } catch (thrown) {
    // `timestamp()` drops the name, so that several metrics of one selector clash.
    if (!(thrown instanceof CountersignError) || !thrown.message.includes('same labelset')) throw thrown;
    return ageWithin(prometheus, selector, Math.max(lookbackMs, STALENESS_MS), signal);
  }
  if (now[0]) return Number(now[0].value);
  return lookbackMs > STALENESS_MS ? ageWithin(prometheus, selector, lookbackMs, signal) : undefined;
}

/** Narrows the range that still holds a sample, to a second: a few small answers instead of every sample. */
async function ageWithin(
  prometheus: PrometheusSource,
  selector: string,
  lookbackMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const holds = async (rangeMs: number) => {
    const query = `count(last_over_time(${selector}[${rangeMs}ms]))`;
    return (await prometheus.instant(query, { signal })).length > 0;
  };
  if (!(await holds(lookbackMs))) return undefined;
  let [without, within] = [0, lookbackMs];
  while (within - without > PRECISION_MS) {
    const middle = Math.round((without + within) / 2);
    if (await holds(middle)) within = middle;
    else without = middle;
  }
  return within / 1_000;
}
