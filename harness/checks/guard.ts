import { CountersignError, type ErrorCode, messageOf } from '../errors.ts';
import type { CheckContext } from './define.ts';

/**
 * Runs a measurement so that whatever goes wrong leaves as a CountersignError without secrets in it.
 * `code` is for what the kind did not foresee.
 */
export async function guard<T>(
  context: CheckContext,
  code: ErrorCode,
  measure: () => Promise<T>,
): Promise<T> {
  try {
    context.signal.throwIfAborted();
    return await measure();
  } catch (thrown) {
    if (context.signal.aborted) throw stopped(context.signal);
    throw withoutSecrets(thrown, code, context);
  }
}

/** The error of a signal: the runner's own reason where it gave one. */
export function stopped(signal: AbortSignal): CountersignError {
  if (signal.reason instanceof CountersignError) return signal.reason;
  return new CountersignError('TIMED_OUT', 'the measurement was stopped before it was done');
}

function withoutSecrets(thrown: unknown, code: ErrorCode, context: CheckContext): CountersignError {
  const known = thrown instanceof CountersignError;
  const message = context.redact(messageOf(thrown));
  if (!known) return new CountersignError(code, message);
  return new CountersignError(thrown.code, message, {
    hint: context.redact(thrown.hint),
    ...(thrown.where ? { where: thrown.where } : {}),
    problems: thrown.problems,
  });
}

/** Facts leave a kind without secrets, whatever the thing measured echoed back. */
export function redactFacts<T>(value: T, redact: (text: string) => string): T {
  if (typeof value === 'string') return redact(value) as T;
  if (Array.isArray(value)) return value.map((each) => redactFacts(each, redact)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [redact(key), redactFacts(each, redact)]);
  return Object.fromEntries(entries) as T;
}
