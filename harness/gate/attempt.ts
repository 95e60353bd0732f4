import type { CheckContext, Clock } from '../checks/define.ts';
import { formatDuration, timerMs } from '../config/duration.ts';
import { schemaErrors } from '../config/validate.ts';
import { CountersignError, messageOf } from '../errors.ts';
import type { ArtifactRecord, Attempt } from '../report/schema.ts';
import type { NeededFacts } from './evaluate.ts';
import { type FactSchema, factsAsJson } from './facts.ts';
import type { LoadedItem } from './load.ts';
import type { Redactor } from './redact.ts';
import { judgeFacts } from './verdict.ts';

export interface AttemptInput {
  item: LoadedItem;
  context: CheckContext;
  /** Evidence that the check keeps while it runs. */
  artifacts: readonly ArtifactRecord[];
  needs: Readonly<Record<string, NeededFacts>>;
  redactor: Redactor;
  clock: Clock;
  timeoutMs: number;
  /** Time a check has to wind up after its signal; then it is given up. */
  graceMs?: number;
}

/** Measures once and judges what came back. Never throws: what goes wrong is an `error` with its cause. */
export async function runAttempt(input: AttemptInput): Promise<Attempt & { reason?: string }> {
  const { item, clock, redactor } = input;
  const startedAt = clock.now();
  const from = clock.monotonic();
  const outcome = await measure(input);
  const timing = {
    started_at: startedAt.toISOString(),
    finished_at: clock.now().toISOString(),
    duration_ms: Math.max(0, Math.round(clock.monotonic() - from)),
    artifacts: [...input.artifacts],
  };
  if ('error' in outcome) {
    const { code, message, hint } = outcome.error;
    const error = { code, message: redactor.text(message), hint: redactor.text(hint) };
    return { ...timing, state: 'error', expectations: [], error, reason: error.message };
  }
  const schema = item.kind?.facts as FactSchema;
  const { state, expectations, reason } = judgeFacts(item.expectations, schema, outcome.facts, input.needs);
  return { ...timing, state, facts: outcome.facts, expectations, ...(reason ? { reason } : {}) };
}

type Outcome = { facts: Record<string, unknown> } | { error: CountersignError };

async function measure({
  item,
  context,
  redactor,
  timeoutMs,
  graceMs = 5_000,
}: AttemptInput): Promise<Outcome> {
  const timeOut = new AbortController();
  const timer = setTimeout(() => timeOut.abort(new Error('timed out')), timerMs(timeoutMs));
  const signal = AbortSignal.any([context.signal, timeOut.signal]);
  try {
    if (!item.kind) throw new CountersignError('INTERNAL', `\`${item.id}\` has no check`);
    // Told to stop before it began, such as while its beginning was written down.
    context.signal.throwIfAborted();
    const own: CheckContext = { ...context, signal };
    const measured = await orGiveUp(item.kind.measure(structuredClone(item.options), own), signal, graceMs);
    const facts = redactor.json(factsAsJson(measured.facts));
    const [problem] = schemaErrors(item.kind.facts, facts);
    if (problem) {
      throw new CountersignError(
        'INTERNAL',
        `the check \`${item.check}\` gave facts of another shape: ${problem.message}`,
      );
    }
    return { facts };
  } catch (thrown) {
    return { error: asError(thrown) };
  } finally {
    clearTimeout(timer);
  }

  function asError(thrown: unknown): CountersignError {
    if (timeOut.signal.aborted && !context.signal.aborted) {
      return new CountersignError('TIMED_OUT', `no answer within ${formatDuration(timeoutMs)}`);
    }
    if (context.signal.aborted) return stopReason(context.signal);
    if (thrown instanceof CountersignError) return thrown;
    return new CountersignError('INTERNAL', messageOf(thrown), {
      hint: `this is a defect of the check kind \`${item.check}\`; please report it to those who wrote it`,
    });
  }
}

function stopReason({ reason }: AbortSignal): CountersignError {
  return reason instanceof CountersignError ? reason : new CountersignError('INTERRUPTED', messageOf(reason));
}

/** A check that ignores its signal must not hold the gate for ever. */
async function orGiveUp<T>(work: Promise<T>, signal: AbortSignal, graceMs: number): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const giveUp = () => {
    timer = setTimeout(() => reject(new Error('it did not stop when told to')), graceMs);
  };
  if (signal.aborted) giveUp();
  else signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    // Later aborts are no longer its business: a timer of theirs would keep the process alive.
    signal.removeEventListener('abort', giveUp);
    clearTimeout(timer);
  }
}
