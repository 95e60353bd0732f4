import { ServiceError } from '#pipeline/runtime/errors.ts';
import { MonoError, MonoTimeoutError } from './client.ts';

/** What a client of ours is told when Mono fails us. */
export function translateMonoError(thrown: unknown): ServiceError | undefined {
  if (thrown instanceof MonoTimeoutError) return new ServiceError('UPSTREAM_TIMEOUT', thrown.message, thrown);
  if (thrown instanceof MonoError) return new ServiceError('UPSTREAM_FAILED', thrown.message, thrown);
  return undefined;
}
