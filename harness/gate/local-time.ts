import { CountersignError } from '../errors.ts';

const formatters = new Map<string, Intl.DateTimeFormat>();
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
  if (disambiguation === 'earlier') return Math.min(before, after);
  if (disambiguation === 'later') return Math.max(before, after);
  const existsBefore = before + offsetAt(before, zone) === wall;
  const existsAfter = after + offsetAt(after, zone) === wall;
  return !existsBefore && existsAfter ? after : before;
}

/** Milliseconds that a zone's clocks are ahead of UTC at an instant. */
function offsetAt(instant: number, zone: string): number {
  const whole = Math.floor(instant / 1000) * 1000;
  const parts = formatterFor(zone).formatToParts(whole);
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value);
  const local = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return local - whole;
}

function formatterFor(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known) return known;
  try {
    const made = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(zone, made);
    return made;
  } catch {
    throw new CountersignError('CONFIG_INVALID', `\`${zone}\` is not a time zone`, {
      hint: 'zones are those of IANA, such as Africa/Lagos or UTC',
    });
  }
}
