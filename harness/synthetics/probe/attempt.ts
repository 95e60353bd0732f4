import { redactFacts } from '../../checks/guard.ts';
import { fillTemplates } from '../../checks/interpolate.ts';
import { formatDuration, parseDuration, timerMs } from '../../config/duration.ts';
import { CountersignError, messageOf } from '../../errors.ts';
import { Redactor } from '../../gate/redact.ts';
import type { SyntheticCheck } from '../check-schema.ts';
import type { Criterion, ProbeType } from '../criteria-schema.ts';
import type { ProbeAttempt, Timings } from '../observation.ts';
import type { ProbeContext } from './context.ts';
import type { Broken } from './criteria.ts';
import { Ending, endWithSignal } from './ending.ts';
import { judge } from './judge.ts';
import { Failure, type Looking, type Sight } from './looking.ts';
import { loadProber } from './probers.ts';
import { harmless, head, showMs } from './words.ts';

export interface Attempted {
  attempt: ProbeAttempt;
  facts: Record<string, unknown>;
  saw?: string;
  /** Why it passed only after a retry within. */
  flaky?: string;
}

const defaultTimeout = '10s';
const keptCharacters = 2_000;

/** Looks once, within the time-out of the check. Throws only when the signal of the context ends it. */
export async function attemptProbe(check: SyntheticCheck, context: ProbeContext): Promise<Attempted> {
  const type: ProbeType = check.type ?? 'http';
  const { look } = await loadProber(type);
  const ending = new Ending();
  const looking = lookingFor(check, context, ending);
  const at = context.clock.now().toISOString();
  const letGo = endWithSignal(ending, context.signal);
  const timer = setTimeout(() => ending.end(new TimeIsUp()), timerMs(looking.timeoutMs));
  try {
    context.signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      look(check as never, looking).then(resolve, reject);
      ending.onEnd(() => reject(ending.reason));
    });
    const { expect = [], success_criteria: wanted = [] } = check;
    const criteria = await looking.fill(wanted as readonly Criterion[]);
    const broken = await judge(type, { criteria, expect }, looking.sight);
    return outcome(looking, at, broken.length > 0 ? 'failed' : 'passed', broken);
  } catch (thrown) {
    context.signal.throwIfAborted();
    return ended(looking, at, ending.isOver ? ending.reason : thrown);
  } finally {
    clearTimeout(timer);
    letGo();
    ending.end(over);
  }
}

/** One for all: an error of its own for each would cost more than the rest of ending. */
const over = new Error('the attempt is over');

class TimeIsUp extends Error {}

function lookingFor(check: SyntheticCheck, context: ProbeContext, ending: Ending): Looking {
  const started = context.clock.monotonic();
  const captured = new Map<string, string>();
  const sight: Sight = { subject: `check ${check.name}`, stage: 'its turn', timings: {}, facts: {} };
  const valueFor = async (name: string) => captured.get(name) ?? context.value(name);
  let mark = 0;
  const elapsed = () => context.clock.monotonic() - started;
  return {
    context,
    ending,
    timeoutMs: parseDuration(check.timeout ?? defaultTimeout),
    sight,
    captured,
    elapsed,
    lap(part) {
      const now = elapsed();
      sight.timings[part] = (sight.timings[part] ?? 0) + now - mark;
      mark = now;
    },
    skip() {
      mark = elapsed();
    },
    fill: (value) => fillTemplates(value, valueFor),
  };
}

function ended(looking: Looking, at: string, thrown: unknown): Attempted {
  if (thrown instanceof TimeIsUp) {
    const { stage, findingHost } = looking.sight;
    const limit = formatDuration(looking.timeoutMs);
    // Nothing was seen of the target: a name server that is alive says so when it does not know.
    if (findingHost !== undefined) {
      const message = `could not be asked: this machine did not get the address of ${findingHost} within ${limit}`;
      return outcome(looking, at, 'error', [{ message, timed: true }]);
    }
    return outcome(looking, at, 'failed', [
      {
        message: `was not done within ${limit}: it waited for ${typeof stage === 'string' ? stage : stage()}`,
        timed: true,
      },
    ]);
  }
  if (thrown instanceof Failure) return outcome(looking, at, 'failed', [thrown]);
  const message =
    thrown instanceof CountersignError ? thrown.message : `failed in itself: ${messageOf(thrown)}`;
  return outcome(looking, at, 'error', [{ message: `could not be asked: ${message}`, timed: true }]);
}

function outcome(
  looking: Looking,
  at: string,
  state: ProbeAttempt['state'],
  broken: readonly Broken[],
): Attempted {
  const { sight } = looking;
  const redact = redactionOf(looking);
  const timings: Timings = { ...rounded(sight.timings), total: round(looking.elapsed()) };
  const reason = broken.length > 0 ? sentence(sight.subject, broken, timings.total) : undefined;
  const kept = { ...sight.facts };
  for (const name of sight.bulk ?? []) delete kept[name];
  return {
    attempt: { state, ...(reason === undefined ? {} : { reason: harmless(redact(reason)) }), at, timings },
    facts: redactFacts(kept, redact),
    ...(state === 'passed' && sight.flaky !== undefined
      ? { flaky: redact(`${sight.subject} ${sight.flaky}`) }
      : {}),
    ...(sight.saw === undefined ? {} : { saw: head(harmless(redact(sight.saw)), keptCharacters) }),
  };
}

/** `GET https://… answered 500 Internal Server Error, expected 200; and took 900 ms, expected <800 ms`. */
function sentence(subject: string, broken: readonly Broken[], total: number): string {
  const wrong = broken.map(({ message }) => message).join('; and ');
  return `${subject} ${wrong}${broken.some(({ timed }) => timed) ? '' : ` (after ${showMs(total)})`}`;
}

/** Shorter values would tear ordinary words apart. */
const shortestConcealed = 6;

/** The redaction of the context, and of what was captured: it may be a session. */
function redactionOf({ context, captured }: Looking): (text: string) => string {
  if (captured.size === 0) return context.redact;
  const own = new Redactor();
  for (const value of captured.values()) if (value.length >= shortestConcealed) own.add(value);
  return (text) => own.text(context.redact(text));
}

const round = (milliseconds: number) => Math.round(milliseconds * 1_000) / 1_000;

function rounded(timings: Omit<Timings, 'total'>): Omit<Timings, 'total'> {
  const found: Omit<Timings, 'total'> = {};
  for (const [name, value] of Object.entries(timings)) found[name as keyof typeof timings] = round(value);
  return found;
}
