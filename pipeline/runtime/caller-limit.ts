import type { FastifyRequest } from 'fastify';
import { ServiceError } from './errors.ts';
import type { TurnStore } from './rate-limiter.ts';

/** A hook that lets each address ask for so much a minute, over all instances; RATE_LIMITED beyond. */
export function limitCallers(turns: TurnStore, what: string, perMinute: number) {
  return async ({ ip }: FastifyRequest): Promise<void> => {
    const waitMs = await turns.ask(`${what}:${ip}`, perMinute);
    if (waitMs === 0) return;
    throw new ServiceError('RATE_LIMITED', `${perMinute} a minute are the most`, {
      retryAfterSeconds: Math.ceil(waitMs / 1000),
    });
  };
}
