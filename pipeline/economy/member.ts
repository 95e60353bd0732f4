import type { FastifyRequest } from 'fastify';
import { ServiceError } from '#pipeline/runtime/errors.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Who asks. A token of another issuer with the same key may name somebody who is no user of the platform. */
export function memberOf({ user }: FastifyRequest): string {
  if (!uuid.test(user.sub))
    throw new ServiceError('UNAUTHENTICATED', 'the token names no user of the platform');
  return user.sub;
}
