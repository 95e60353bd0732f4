import { isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { ServiceError } from './errors.ts';
import type { TurnStore } from './rate-limiter.ts';

const maxAddresses = 10_000;

/**
 * A hook that lets each caller ask for so much a minute, over all instances; RATE_LIMITED beyond. Until one that was
 * refused may have a turn, the store is not asked again: a flood must not use up the database for all others.
 */
export function limitCallers(turns: TurnStore, what: string, perMinute: number) {
  const refusedUntil = new Map<string, number>();
  return async (request: Pick<FastifyRequest, 'ip'>): Promise<void> => {
    const ip = callerAt(request.ip);
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

/** An address of IPv4, and of IPv6 its network of 64 bits: whoever has one of those addresses has them all. */
function callerAt(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const mapped = /^::ffff:([\d.]+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  const [left = [], right = []] = ip.split('::').map((half) => half.split(':').filter(Boolean));
  const gap = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const network = [...left, ...gap, ...right].slice(0, 4);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

function refusal(perMinute: number, waitMs: number): ServiceError {
  return new ServiceError('RATE_LIMITED', `${perMinute} a minute are the most`, {
    retryAfterSeconds: Math.ceil(waitMs / 1000),
  });
}
