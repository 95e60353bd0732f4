import { classOf, ServiceError, type ServiceErrorDetails } from '#pipeline/runtime/errors.ts';
import { MonoError, MonoTimeoutError } from './client.ts';
import type { RunIds } from './events.ts';

/** A run that began and failed; `cause` says why. */
export class SyncFailedError extends Error {
  override readonly name = 'SyncFailedError';
  readonly ids: RunIds;

  constructor(ids: RunIds, cause: unknown) {
    super(`the sync failed: ${classOf(cause)}`, { cause });
    this.ids = ids;
  }
}

/** What a client of ours is told when Mono, or a run, fails us. */
export function translateMonoError(thrown: unknown): ServiceError | undefined {
  if (thrown instanceof SyncFailedError) {
    const details = { cause: thrown.cause, correlationId: thrown.ids.sync };
    return asUpstream(thrown.cause, details) ?? asOurs(thrown, details);
  }
  return asUpstream(thrown, { cause: thrown });
}

/** What passes by itself is no failure of the run's own making. */
function asOurs({ cause, message }: SyncFailedError, details: ServiceErrorDetails): ServiceError {
  if (cause instanceof ServiceError && cause.code === 'BUSY') {
    return new ServiceError('BUSY', cause.message, details);
  }
  return new ServiceError('SYNC_FAILED', message, details);
}

function asUpstream(thrown: unknown, details: ServiceErrorDetails): ServiceError | undefined {
  if (thrown instanceof MonoTimeoutError)
    return new ServiceError('UPSTREAM_TIMEOUT', thrown.message, details);
  if (thrown instanceof MonoError) return new ServiceError('UPSTREAM_FAILED', thrown.message, details);
  return undefined;
}
