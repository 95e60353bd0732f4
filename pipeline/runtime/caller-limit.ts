import type { FastifyRequest } from 'fastify';
import { ServiceError } from './errors.ts';
import type { TurnStore } from './rate-limiter.ts';

const maxAddresses = 10_000;

/**
 * A hook that lets each address ask for so much a minute, over all instances; RATE_LIMITED beyond. Until an address
 * that was refused may have a turn, the store is not asked again: a flood must not use up the database for all others.
 */
export function limitCallers(turns: TurnStore, what: string, perMinute: number) {
  const refusedUntil = new Map<string, number>();
  return async ({ ip }: Pick<FastifyRequest, 'ip'>): Promise<void> => {
    const known = (refusedUntil.get(ip) ?? 0) - performance.now();
    if (known > 0) throw refusal(perMinute, known);
    refusedUntil.delete(ip);
    const waitMs = await turns.ask(`${what}:${ip}`, perMinute);
    if (waitMs === 0) return;
    refusedUntil.set(ip, performance.now() + waitMs);
    const [oldest] = refusedUntil.keys();
    if (refusedUntil.size > maxAddresses && oldest !== undefined) refusedUntil.delete(oldest);
    throw refusal(perMinute, waitMs);
  };
}

function refusal(perMinute: number, waitMs: number): ServiceError {
  return new ServiceError('RATE_LIMITED', `${perMinute} a minute are the most`, {
    retryAfterSeconds: Math.ceil(waitMs / 1000),
  });
}
