import { zoneOffset } from '../../config/zone.ts';

const shape =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(?: ?(Z|[+-]\d\d(?::?\d\d)?))?$/i;

/** Before this moment some zones were off by odd seconds, so blocks of 15 minutes may straddle a day. */
const regularSince = Date.UTC(1973, 0, 1);
const block = 900_000;

/** Text to milliseconds since the epoch, finer digits cut off; a reason where it names no single instant. */
export function parseInstant(text: string, zone: string | undefined): number | { why: string } {
  const match = shape.exec(text);
  const wall = match ? wallOf(match) : undefined;
  if (!match || wall === undefined) return { why: `\`${text.slice(0, 40)}\` is not a date and time` };
  const offset = match[8];
  if (offset !== undefined) return wall - offsetOf(offset);
  if (zone === undefined) return { why: `\`${text}\` has no offset and its column declares no zone` };
  return fromWall(wall, zone) ?? { why: `\`${text}\` names no single instant in ${zone}` };
}

/** Whole seconds or milliseconds since the epoch. */
export function parseUnix(text: string, unit: 'unix' | 'unix_ms'): number | { why: string } {
  const match = /^(-?\d{1,14})(?:\.0+)?$/.exec(text);
  if (!match)
    return {
      why: `\`${text.slice(0, 40)}\` is not a whole number of ${unit === 'unix' ? 'seconds' : 'milliseconds'}`,
    };
  return Number(match[1]) * (unit === 'unix' ? 1_000 : 1);
}

function wallOf([, year, month, day, hour, minute, second, fraction]: RegExpExecArray): number | undefined {
  const millisecond = Number((fraction ?? '').slice(0, 3).padEnd(3, '0'));
  const parts = [year, month, day, hour ?? 0, minute ?? 0, second ?? 0].map(Number);
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = parts;
  const wall = Date.UTC(y, mo - 1, d, h, mi, s, millisecond);
  const back = new Date(wall);
  const same = back.getUTCMonth() === mo - 1 && back.getUTCDate() === d;
  return same && h < 24 && mi < 60 && s < 60 ? wall : undefined;
}

function offsetOf(text: string): number {
  if (/^z$/i.test(text)) return 0;
  const digits = text.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (text.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** `undefined` in the hour that a zone skips and in the hour that it repeats. */
function fromWall(wall: number, zone: string): number | undefined {
  const day = 86_400_000;
  const offsets = new Set([wall - day, wall + day].map((near) => zoneOffset(near, zone)));
  const found = [...offsets]
    .map((offset) => wall - offset)
    .filter((at) => at + zoneOffset(at, zone) === wall);
  return found.length === 1 ? found[0] : undefined;
}

/** `2026-11-20`: the calendar day of an instant in a zone, whatever zone a session or a machine is in. */
export function createDayOf(zone: string): (at: number) => string {
  const days = new Map<number, string>();
  const compute = (at: number) => new Date(at + zoneOffset(at, zone)).toISOString().slice(0, 10);
  return (at) => {
    if (at < regularSince) return compute(at);
    const key = Math.floor(at / block);
    let day = days.get(key);
    if (day === undefined) {
      day = compute(at);
      days.set(key, day);
    }
    return day;
  };
}
