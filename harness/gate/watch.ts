import { formatDuration, parseDuration } from '../config/duration.ts';
import type { Attempt } from '../report/schema.ts';
import type { WatchSettings } from './schema.ts';

/** What a watch asks for, in milliseconds and with defaults filled in. */
export interface WatchPlan {
  forMs: number;
  everyMs: number;
  /** So many samples may fail. */
  failures: number;
  /** So many errors in a row end it. */
  consecutiveErrors: number;
  /** Share of the time that has to be observed, 0 to 1. */
  minObserved: number;
}

export type Sample = Pick<Attempt, 'state' | 'started_at'>;

export interface WatchJudgement {
  /** Not at its end yet: what is said of it now is what is true if it ends here. */
  going: boolean;
  state: Attempt['state'];
  /** For every state but `passed`. */
  reason?: string;
  observedMs: number;
  failed: number;
  errors: number;
}

const SHORTEST_STEP_MS = 200;
const DEFAULT_CONSECUTIVE_ERRORS = 3;
const DEFAULT_MIN_OBSERVED = 0.9;
/** Of all samples of a watch, as they stand in the journal; the report is laid out in lines, which takes more. */
const MOST_BYTES = 24 * 1024 * 1024;
/** A sample speaks for the time until the next one, but for no more than so many steps. */
export const STEPS_A_SAMPLE = 1.5;

/** `rehearse` divides both times, as it divides the intervals of the local stack; no step gets shorter than 200 ms. */
export function watchPlan(watch: WatchSettings, rehearse = 1): WatchPlan {
  const everyMs = Math.max(SHORTEST_STEP_MS, Math.round(parseDuration(watch.every) / rehearse));
  return {
    everyMs,
    forMs: Math.max(everyMs, Math.round(parseDuration(watch.for) / rehearse)),
    failures: watch.failures ?? 0,
    consecutiveErrors: watch.consecutive_errors ?? DEFAULT_CONSECUTIVE_ERRORS,
    minObserved: watch.min_observed ?? DEFAULT_MIN_OBSERVED,
  };
}

/**
 * Judges a watch by its samples alone, in the order in which they were taken. It passes only with a sample from its very
 * end, and with enough of the time between observed: a sample that could not measure has observed nothing.
 */
export function judgeWatch(plan: WatchPlan, samples: readonly Sample[]): WatchJudgement {
  const failed = samples.filter(({ state }) => state === 'failed').length;
  const errors = samples.filter(({ state }) => state === 'error').length;
  const observedMs = observed(plan, samples);
  const figures = { observedMs, failed, errors };
  const over = (state: Attempt['state'], reason: string): WatchJudgement => {
    return { going: false, state, reason, ...figures };
  };
  if (!isInOrder(samples)) return over('error', 'its samples are not in the order of their times');
  if (samples.slice(0, -1).some((sample) => isLastSample(plan, samples[0] ?? sample, sample)))
    return over('error', 'it has samples from after its end');
  const limit = firstLimit(plan, samples);
  if (limit) return over(limit.state, limit.reason);
  const spent = spentMs(samples);
  if (samples.length === 0 || spent < plan.forMs) {
    const reason = `it was watched for ${formatDuration(spent)} of ${formatDuration(plan.forMs)}`;
    return { going: true, state: 'error', reason, ...figures };
  }
  if (observedMs < plan.minObserved * plan.forMs) {
    const share = Math.floor((observedMs / plan.forMs) * 100);
    return over('error', `only ${share} % of the time was observed; at least ${percent(plan)} has to be`);
  }
  return { going: false, state: 'passed', ...figures };
}

/** Why its samples would be more than a report holds, told by the size of one, in bytes: at its end they would be lost. */
export function whyTooLarge({ forMs, everyMs }: WatchPlan, bytes: number): string | undefined {
  const samples = Math.ceil(forMs / everyMs) + 1;
  if (samples * bytes <= MOST_BYTES) return undefined;
  return `${samples} samples of ${bytes} bytes are more than a report holds: measure less, or less often`;
}

/** When the next sample is due, in milliseconds since 1970: on the grid of the first one, the last at the very end. */
export function nextSampleAt({ everyMs, forMs }: WatchPlan, samples: readonly Sample[]): number | undefined {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last) return undefined;
  const start = Date.parse(first.started_at);
  const step = Math.floor((Date.parse(last.started_at) - start) / everyMs) + 1;
  return Math.min(start + step * everyMs, start + forMs);
}

/** Is this the sample that closes the watch? */
export function isLastSample({ forMs }: WatchPlan, first: Sample, sample: Sample): boolean {
  return Date.parse(sample.started_at) - Date.parse(first.started_at) >= forMs;
}

function firstLimit(
  plan: WatchPlan,
  samples: readonly Sample[],
): { state: 'failed' | 'error'; reason: string } | undefined {
  let failed = 0;
  let inRow = 0;
  for (const [index, { state }] of samples.entries()) {
    if (state === 'failed') failed += 1;
    inRow = state === 'error' ? inRow + 1 : 0;
    if (failed > plan.failures)
      return { state: 'failed', reason: `${failed} of ${index + 1} samples failed; ${mayFail(plan)}` };
    if (inRow >= plan.consecutiveErrors)
      return {
        state: 'error',
        reason: `${inRow} ${inRow === 1 ? 'sample' : 'samples in a row'} could not measure`,
      };
  }
  return undefined;
}

function mayFail({ failures }: WatchPlan): string {
  return failures === 0 ? 'none may' : `at most ${failures} may`;
}

function percent({ minObserved }: WatchPlan): string {
  return `${Number((minObserved * 100).toFixed(2))} %`;
}

function isInOrder(samples: readonly Sample[]): boolean {
  const times = samples.map(({ started_at }) => Date.parse(started_at));
  return times.every((time, index) => Number.isFinite(time) && time >= (times[index - 1] ?? time));
}

function spentMs(samples: readonly Sample[]): number {
  const [first] = samples;
  const last = samples.at(-1);
  return first && last ? Math.max(0, Date.parse(last.started_at) - Date.parse(first.started_at)) : 0;
}

function observed({ everyMs, forMs }: WatchPlan, samples: readonly Sample[]): number {
  const times = samples.map(({ started_at }) => Date.parse(started_at));
  const end = (times[0] ?? 0) + forMs;
  return samples.reduce((sum, { state }, index) => {
    if (state === 'error') return sum;
    const from = times[index] ?? end;
    const until = Math.min(from + everyMs * STEPS_A_SAMPLE, times[index + 1] ?? end, end);
    return sum + Math.max(0, until - from);
  }, 0);
}
