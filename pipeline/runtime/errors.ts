import { maskText } from '#pipeline/shared/mask.ts';

/** Every refusal of the service, with the status that a client sees. */
const table = {
  CONFIG_INVALID: { status: 500, retryable: false },
  REGISTRY_INVALID: { status: 500, retryable: false },
  BAD_REQUEST: { status: 400, retryable: false },
  EMAIL_TAKEN: { status: 400, retryable: false },
  PHONE_TAKEN: { status: 400, retryable: false },
  UNSUPPORTED_COUNTRY: { status: 400, retryable: false },
  IDEMPOTENCY_KEY_REQUIRED: { status: 400, retryable: false },
  IDEMPOTENCY_KEY_TOO_LONG: { status: 400, retryable: false },
  UNAUTHENTICATED: { status: 401, retryable: false },
  INVALID_CREDENTIALS: { status: 401, retryable: false },
  INVALID_SIGNATURE: { status: 401, retryable: false },
  BANNED: { status: 403, retryable: false },
  MUTED: { status: 403, retryable: false },
  SUSPENDED: { status: 403, retryable: false },
  FORBIDDEN: { status: 403, retryable: false },
  WALLET_FORBIDDEN: { status: 403, retryable: false },
  ADMIN_REQUIRED: { status: 403, retryable: false },
  STAGING_KEY_REQUIRED: { status: 403, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false },
  CONFLICT: { status: 409, retryable: false },
  REQUEST_IN_PROGRESS: { status: 409, retryable: true },
  IDEMPOTENCY_CONFLICT: { status: 409, retryable: false },
  IDEMPOTENCY_IN_PROGRESS: { status: 409, retryable: true },
  ALREADY_CONFIRMED: { status: 409, retryable: false },
  ALREADY_FAILED: { status: 409, retryable: false },
  NOT_RETRYABLE: { status: 409, retryable: false },
  PROVIDER_REF_MISMATCH: { status: 409, retryable: false },
  EVENT_NOT_VERIFIED: { status: 409, retryable: false },
  EVENT_NOT_READABLE: { status: 409, retryable: false },
  INSUFFICIENT_FUNDS: { status: 409, retryable: false },
  SYNC_IN_PROGRESS: { status: 409, retryable: true },
  TOO_MANY_REQUESTS: { status: 429, retryable: true },
  RATE_LIMITED: { status: 429, retryable: true },
  LIMIT: { status: 429, retryable: false },
  AMOUNT_TOO_LARGE: { status: 500, retryable: false },
  BUSY: { status: 503, retryable: true },
  SYNC_FAILED: { status: 500, retryable: true },
  UPSTREAM_FAILED: { status: 502, retryable: true },
  UPSTREAM_TIMEOUT: { status: 504, retryable: true },
} as const;

export type ServiceErrorCode = keyof typeof table;

export interface ServiceErrorDetails {
  cause?: unknown;
  /** The run that failed: whoever asked for it can look its events up. */
  correlationId?: string;
  /** When trying again may help, where that is known. */
  retryAfterSeconds?: number;
}

export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ServiceErrorCode;
  readonly correlationId: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ServiceErrorCode, message: string, details: ServiceErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.correlationId = details.correlationId;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  get statusCode(): number {
    return table[this.code].status;
  }

  get retryable(): boolean {
    return table[this.code].retryable;
  }
}

/** The rule of the database that a statement broke, where it has a name. */
export function brokenConstraint(thrown: unknown): string | undefined {
  const { constraint } = (thrown ?? {}) as { constraint?: unknown };
  return typeof constraint === 'string' && constraint !== '' ? constraint : undefined;
}

/** The class of an exception: what metrics and events may say about it. Messages can hold anything. */
export function classOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'UnknownError';
  // The driver's DatabaseError calls itself `error`.
  return /^error$/i.test(thrown.name) ? thrown.constructor.name : thrown.name;
}

export function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
}

/** What a log may hold of an exception: not its other fields, where a driver puts the failing row. */
export function describeForLog(thrown: unknown): { reason: string; code?: string; stack?: string } {
  const { code, stack } = (thrown ?? {}) as { code?: unknown; stack?: unknown };
  return {
    reason: classOf(thrown),
    ...(typeof code === 'string' && { code }),
    ...(typeof stack === 'string' && { stack: maskText(stack) }),
  };
}
