import { zoneOffset } from '../config/zone.ts';
import { CountersignError } from '../errors.ts';

const dayMs = 86_400_000;

/**
 * Which instant a local time means when a clock change makes it happen twice or not at all. `compatible` is
 * what RFC 5545 asks for: the first of two, and for a time that is skipped the offset before the change.
 */
export type Disambiguation = 'compatible' | 'earlier' | 'later';

/** The instant, in milliseconds, of `2026-11-25`, `09:00` in a zone. */
export function instantOf(
  day: string,
  time: string,
  zone: string,
  disambiguation: Disambiguation = 'compatible',
): number {
  const wall = Date.parse(`${day}T${time}:00Z`);
  const before = wall - offsetAt(wall - dayMs, zone);
  const after = wall - offsetAt(wall + dayMs, zone);
  if (before === after) return before;
  const existsBefore = before + offsetAt(before, zone) === wall;
  const existsAfter = after + offsetAt(after, zone) === wall;
  if (existsBefore !== existsAfter) return existsBefore ? before : after;
  if (disambiguation === 'earlier') return Math.min(before, after);
  if (disambiguation === 'later') return Math.max(before, after);
  return before;
}

function offsetAt(instant: number, zone: string): number {
  try {
    return zoneOffset(instant, zone);
  } catch {
    throw new CountersignError('CONFIG_INVALID', `\`${zone}\` is not a time zone`, {
      hint: 'zones are those of IANA, such as Africa/Lagos or UTC',
    });
  }
}
