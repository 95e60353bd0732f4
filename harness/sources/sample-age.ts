import { CountersignError } from '../errors.ts';
import type { PrometheusSource } from './define.ts';

/** How far back an instant query of Prometheus looks by default. */
const STALENESS_MS = 5 * 60_000;

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
  try {
    const now = await prometheus.instant(`time() - max(timestamp(${selector}))`, { signal });
    if (now[0]) return Number(now[0].value);
    if (lookbackMs <= STALENESS_MS) return undefined;
    const stepMs = Math.max(1_000, Math.ceil(lookbackMs / 500));
    const past = `max_over_time(timestamp(${selector})[${lookbackMs}ms:${stepMs}ms])`;
    const [found] = await prometheus.instant(`time() - max(${past})`, { signal });
    return found && Number(found.value);
  } catch (thrown) {
    if (!(thrown instanceof CountersignError) || !thrown.message.includes('same labelset')) throw thrown;
    return ageOfSamples(prometheus, selector, Math.max(lookbackMs, STALENESS_MS), signal);
  }
}

/** `timestamp()` drops the name, so several metrics of one selector clash: their samples themselves tell. */
async function ageOfSamples(
  prometheus: PrometheusSource,
  selector: string,
  lookbackMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const samples = await prometheus.instant(`${selector}[${lookbackMs}ms]`, { signal });
  const [time] = await prometheus.instant('time()', { signal });
  if (samples.length === 0 || !time) return undefined;
  return Number(time.value) - samples.reduce((newest, { at }) => Math.max(newest, at), 0);
}
