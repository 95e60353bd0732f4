import type { FastifyRequest } from 'fastify';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { isUuid } from '#pipeline/shared/uuid.ts';

/** Who asks. A token of another issuer with the same key may name somebody who is no user of the platform. */
export function memberOf({ user }: FastifyRequest): string {
  if (!isUuid(user.sub)) throw new ServiceError('UNAUTHENTICATED', 'the token names no user of the platform');
  return user.sub;
}
