import { MonoAuthError, MonoError, MonoRateLimitError } from './errors.ts';

const baseMs = 500;
const ceilingMs = 30_000;
/** Whatever the factor: a run that waits holds its lease. */
const longestBackoffMs = 300_000;
/** Longer than this nobody waits inside a request: the error carries the wait, and the job is run later. */
const longestRetryAfterMs = 120_000;

export interface RetryPolicy {
  retries: number;
  /** Multiplies the waits; asked each time, so that an operator can slow a running process down. */
  backoffFactor(): number;
  random(): number;
}

/** May the same request be sent again after this error? A POST may have been carried out, unless it was turned away. */
export function isRetryable(error: unknown, method: string): error is MonoError {
  if (error instanceof MonoRateLimitError) return true;
  const passing = ['MonoUpstreamError', 'MonoNetworkError', 'MonoTimeoutError'];
  return error instanceof MonoError && method === 'GET' && passing.includes(error.name);
}

/** Milliseconds before attempt `attempt` (from 1) is repeated, or undefined when it is not to be repeated. */
export function retryDelayMs(
  error: unknown,
  method: string,
  attempt: number,
  policy: RetryPolicy,
): number | undefined {
  if (!isRetryable(error, method) || attempt > policy.retries) return undefined;
  if (error.retryAfterMs !== undefined) {
    return error.retryAfterMs <= longestRetryAfterMs ? error.retryAfterMs : undefined;
  }
  const given = policy.backoffFactor();
  const factor = Number.isFinite(given) && given > 0 ? given : 1;
  const limit = Math.min(ceilingMs, baseMs * 2 ** (attempt - 1)) * factor;
  return policy.random() * Math.min(longestBackoffMs, limit);
}

/** `Retry-After` in seconds or as an HTTP date; undefined when it is neither. */
export function retryAfterMs(header: string | null, now: Date): number | undefined {
  const value = header?.trim() ?? '';
  if (/^[0-9]{1,9}$/.test(value)) return Number(value) * 1000;
  if (!/^[A-Z][a-z]{2,8},? .+ GMT$/.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}

/** A 401 may only mean that the key was rotated since it was read. */
export function isStaleToken(error: unknown): boolean {
  return error instanceof MonoAuthError && error.code === 'UNAUTHORISED';
}
