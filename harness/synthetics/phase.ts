import { createHash } from 'node:crypto';

/**
 * When within its interval a check is due, in milliseconds since the epoch modulo the interval: by its name, so
 * that checks do not all start at once, a restart changes nothing, and two machines mean the same moments.
 */
export function phaseOf(name: string, intervalMs: number): number {
  const digest = createHash('sha256').update(`${intervalMs}\n${name}`).digest();
  return digest.readUIntBE(0, 6) % intervalMs;
}

/** The first moment after `after` at which the check is due, in milliseconds since the epoch. */
export function nextDue(name: string, intervalMs: number, after: number): number {
  const phase = phaseOf(name, intervalMs);
  return (Math.floor((after - phase) / intervalMs) + 1) * intervalMs + phase;
}
