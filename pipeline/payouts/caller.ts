import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { isUuid } from '#pipeline/shared/uuid.ts';

/** Who asks. A token that was made elsewhere with the same key may name somebody who is no user. */
export function userOf({ user }: FastifyRequest): string {
  if (!isUuid(user.sub)) throw new ServiceError('UNAUTHENTICATED', 'the token names no user');
  return user.sub;
}

/** Who did it, for the audit. */
export const actorOf = (request: FastifyRequest) => ({ actor: userOf(request), requestId: request.id });

/** A staging host is nobody's business but that of those who have its key. */
export function requireStagingKey(scope: FastifyInstance, key: string): void {
  if (key === '') return;
  scope.addHook('onRequest', async ({ headers }) => {
    if (!isSecret(headers['x-staging-key'], key)) {
      throw new ServiceError('STAGING_KEY_REQUIRED', 'this host wants its X-Staging-Key');
    }
  });
}

/** In constant time; the length alone may show. */
export function isSecret(given: string | string[] | undefined, secret: string): boolean {
  if (typeof given !== 'string' || secret === '') return false;
  const [left, right] = [Buffer.from(given), Buffer.from(secret)];
  return left.length === right.length && timingSafeEqual(left, right);
}
