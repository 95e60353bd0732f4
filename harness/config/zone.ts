const formatters = new Map<string, Intl.DateTimeFormat>();

/** Does a text of a time say of which zone it is? One that does not is read by each machine as its own. */
export function namesZone(text: string): boolean {
  return /(?:Z|GMT|UTC|:\d\d(?:\.\d+)? ?[+-]\d\d(?::?\d\d)?)$/i.test(text);
}

/** What a clock on the wall shows. */
export interface WallClock {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** Is it a zone of IANA's that this machine knows? */
export function isZone(zone: string): boolean {
  try {
    formatterFor(zone);
    return true;
  } catch {
    return false;
  }
}

/** The clocks of a zone at an instant, in milliseconds. Throws RangeError for a zone that nobody knows. */
export function wallClock(instant: number, zone: string): WallClock {
  const parts = formatterFor(zone).formatToParts(instant);
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((one) => one.type === type)?.value);
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
}

/** Milliseconds that a zone's clocks are ahead of UTC at an instant. */
export function zoneOffset(instant: number, zone: string): number {
  const whole = Math.floor(instant / 1_000) * 1_000;
  const { year, month, day, hour, minute, second } = wallClock(whole, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
}

/** Making one costs more than using it a hundred times. */
function formatterFor(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
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
}
