/** Closed list: the name is the metric label `reason`. */
export const monoErrorClasses = [
  'MonoAuthError',
  'MonoNetworkError',
  'MonoNotFoundError',
  'MonoPagingError',
  'MonoRateLimitError',
  'MonoRequestError',
  'MonoResponseError',
  'MonoTimeoutError',
  'MonoUpstreamError',
] as const;

export type MonoErrorClass = (typeof monoErrorClasses)[number];

export type MonoErrorCode =
  | 'UNAUTHORISED'
  | 'FORBIDDEN'
  | 'REAUTHORISATION_REQUIRED'
  | 'NO_TOKEN'
  | 'NETWORK'
  | 'NOT_FOUND'
  | 'TOO_MANY_PAGES'
  | 'REPEATING_PAGE'
  | 'WRONG_PAGE'
  | 'ENDED_EARLY'
  | 'UNSTABLE'
  | 'RATE_LIMITED'
  | 'REFUSED'
  | 'BAD_INPUT'
  | 'BODY_TOO_LARGE'
  | 'NOT_JSON'
  | 'MALFORMED_JSON'
  | 'REDIRECT'
  | 'SHAPE'
  | 'TIMED_OUT'
  | 'UPSTREAM';

export interface MonoErrorDetails {
  status?: number;
  /** What `Retry-After` asked for. */
  retryAfterMs?: number;
}

/**
 * Messages name the endpoint template and the status, never a path, a key or an account number.
 * There is no `cause`: the error of an HTTP library carries URLs and headers that loggers would print.
 */
export class MonoError extends Error {
  readonly code: MonoErrorCode;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: MonoErrorCode, message: string, details: MonoErrorDetails = {}) {
    super(message);
    this.code = code;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}

export class MonoAuthError extends MonoError {
  override readonly name = 'MonoAuthError' satisfies MonoErrorClass;
}
export class MonoNetworkError extends MonoError {
  override readonly name = 'MonoNetworkError' satisfies MonoErrorClass;
}
export class MonoNotFoundError extends MonoError {
  override readonly name = 'MonoNotFoundError' satisfies MonoErrorClass;
}
export class MonoPagingError extends MonoError {
  override readonly name = 'MonoPagingError' satisfies MonoErrorClass;
}
export class MonoRateLimitError extends MonoError {
  override readonly name = 'MonoRateLimitError' satisfies MonoErrorClass;
}
export class MonoRequestError extends MonoError {
  override readonly name = 'MonoRequestError' satisfies MonoErrorClass;
}
export class MonoResponseError extends MonoError {
  override readonly name = 'MonoResponseError' satisfies MonoErrorClass;
}
export class MonoTimeoutError extends MonoError {
  override readonly name = 'MonoTimeoutError' satisfies MonoErrorClass;
}
export class MonoUpstreamError extends MonoError {
  override readonly name = 'MonoUpstreamError' satisfies MonoErrorClass;
}
