import { setTimeout as pause } from 'node:timers/promises';
import { parseDuration, timerMs } from '../../config/duration.ts';
import type { SyntheticCheck } from '../check-schema.ts';
import type { Observation, ProbeAttempt, ProbeState } from '../observation.ts';
import { type Attempted, attemptProbe } from './attempt.ts';
import type { ProbeContext } from './context.ts';

const defaultDelay = '1s';

/**
 * Probes one check once, with its retries, at the moment that the context names. Schedules nothing and keeps nothing:
 * the same for a run, a gate and a monitor. Whatever is wrong, there or here, is in the observation; throws only the
 * reason of the context's signal, when that ends it.
 */
export async function probe(check: SyntheticCheck, context: ProbeContext): Promise<Observation> {
  const attempts: ProbeAttempt[] = [];
  const most = 1 + (check.retries?.count ?? 0);
  let last: Attempted;
  for (;;) {
    last = await attemptProbe(check, context);
    attempts.push(last.attempt);
    if (last.attempt.state === 'passed' || attempts.length >= most) break;
    await waitBeforeRetry(check, context);
  }
  const reason = reasonOf(attempts) ?? last.flaky;
  return {
    check: check.name,
    type: check.type ?? 'http',
    at: context.at.toISOString(),
    location: context.location,
    state: last.flaky === undefined ? stateOf(attempts) : 'flaky',
    ...(reason === undefined ? {} : { reason }),
    facts: last.facts,
    timings: last.attempt.timings,
    attempts,
    ...(last.saw === undefined ? {} : { saw: last.saw }),
  };
}

async function waitBeforeRetry({ retries }: SyntheticCheck, { signal }: ProbeContext): Promise<void> {
  const delay = timerMs(parseDuration(retries?.delay ?? defaultDelay));
  await pause(delay, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** What the prober itself could not do the first time says nothing against what it then saw. */
function stateOf(attempts: readonly ProbeAttempt[]): ProbeState {
  const last = attempts.at(-1)?.state ?? 'error';
  return last === 'passed' && attempts.some(({ state }) => state === 'failed') ? 'flaky' : last;
}

function reasonOf(attempts: readonly ProbeAttempt[]): string | undefined {
  const last = attempts.at(-1);
  if (last?.state !== 'passed') {
    const many = attempts.length > 1 ? `, at the last of ${attempts.length} attempts` : '';
    return last?.reason === undefined ? undefined : `${last.reason}${many}`;
  }
  const before = attempts.findLast(({ state }) => state === 'failed')?.reason;
  return before === undefined
    ? undefined
    : `passed at attempt ${attempts.length} only; before that: ${before}`;
}
