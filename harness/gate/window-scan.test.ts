import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WindowConfig, Windows } from '../config/windows.ts';
import { evaluateWindows } from './window.ts';

const minuteMs = 60_000;
const dayMs = 1_440 * minuteMs;
const daysScanned = 3;

/** Days on which clocks change, by zone, the ends of a year, and one on which nothing happens. */
const edges: Record<string, readonly string[]> = {
  'Europe/Berlin': ['2026-03-29', '2026-10-25'],
  'America/New_York': ['2026-03-08', '2026-11-01'],
  'Africa/Lagos': [],
  'Australia/Lord_Howe': ['2026-04-05', '2026-10-04'],
};
const everywhere = ['2026-12-31', '2027-01-01', '2026-06-17'];

/** Each day with the rule that names it; whether one names a day is told without a library of rules. */
const rules: Record<string, (day: Date) => boolean> = {
  'FREQ=DAILY': () => true,
  'FREQ=WEEKLY;BYDAY=SU': (day) => day.getUTCDay() === 0,
  'FREQ=WEEKLY;BYDAY=MO,WE,SA': (day) => [1, 3, 6].includes(day.getUTCDay()),
  'FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31': (day) => day.getUTCMonth() === 11 && day.getUTCDate() === 31,
  'FREQ=MONTHLY;BYMONTHDAY=1': (day) => day.getUTCDate() === 1,
};

interface Shown {
  /** Of the local day, as if it were in UTC. */
  day: number;
  /** `HH:MM` */
  time: string;
}

const known = new Map<string, readonly Shown[]>();

/** What a clock on the wall of the zone shows at each minute from a day before on: all that this oracle knows of time. */
function wall(zone: string, start: number): readonly Shown[] {
  const key = `${zone} ${start}`;
  let all = known.get(key);
  if (!all) {
    const format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: zone,
      dateStyle: 'short',
      timeStyle: 'short',
    });
    all = Array.from({ length: (daysScanned + 2) * 1_440 }, (_, index) => {
      const [day = '', time = ''] = format.format(start - dayMs + index * minuteMs).split(' ');
      return { day: Date.parse(day), time };
    });
    known.set(key, all);
  }
  return all;
}

/** Does the wall show a time inside the window, on a day that the rule names? */
function isInside({ rrule, from, until = from }: WindowConfig, { day, time }: Shown): boolean {
  const names = (which: number) => rules[rrule]?.(new Date(which)) ?? false;
  if (until > from) return names(day) && from <= time && time < until;
  return (names(day) && time >= from) || (names(day - dayMs) && time < until);
}

interface Scan {
  start: number;
  /** Minutes of the scan that are open, by what the evaluator says of edges. */
  open(minute: number): boolean;
}

/** Goes from edge to edge, as the evaluator names them. */
function scanOf(windows: Windows, start: number): Scan {
  const end = start + daysScanned * dayMs;
  const spans: [number, number][] = [];
  for (let now = start; now < end; ) {
    const { open, closesAt, next } = evaluateWindows(windows, new Date(now));
    const until = open ? closesAt : next?.opensAt;
    if (open) spans.push([now, until?.getTime() ?? end]);
    now = until?.getTime() ?? end;
  }
  return { start, open: (minute) => spans.some(([from, to]) => from <= minute && minute < to) };
}

const two = (value: number) => String(value).padStart(2, '0');
/** Often on the hours at which clocks change. */
const time = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 23 })),
    fc.constantFrom(0, 1, 15, 29, 30, 31, 45, 59),
  )
  .map(([hours, rest]) => `${two(hours)}:${two(rest)}`);
const place = fc.constantFrom(...Object.keys(edges)).chain((zone) =>
  fc.record({
    zone: fc.constant(zone),
    day: fc.constantFrom(...(edges[zone] ?? []), ...everywhere),
  }),
);

function windowIn(zone: string, kind: fc.Arbitrary<WindowConfig['kind']>): fc.Arbitrary<WindowConfig> {
  return fc.record({
    kind,
    rrule: fc.constantFrom(...Object.keys(rules)),
    from: time,
    until: time,
    zone: fc.constant(zone),
  });
}

const scenario = (kind: fc.Arbitrary<WindowConfig['kind']>) =>
  place.chain(({ zone, day }) =>
    fc.record({
      start: fc.constant(Date.parse(day) - dayMs),
      windows: fc.dictionary(fc.constantFrom('a', 'b', 'c'), windowIn(zone, kind), {
        minKeys: 1,
        maxKeys: 3,
      }),
    }),
  );
const either = fc.constantFrom('allow' as const, 'deny' as const);

/** Does each edge of each window happen exactly once on every day that is shown whole? */
function isClear(windows: Windows, start: number): boolean {
  return Object.values(windows).every(({ from, until = from, zone }) => {
    const days = Map.groupBy(wall(zone, start), ({ day }) => day);
    const whole = [...days.values()].slice(1, -1);
    return whole.every((shown) =>
      [from, until].every((edge) => shown.filter(({ time }) => time === edge).length === 1),
    );
  });
}

const minutesOf = (start: number) =>
  Array.from({ length: daysScanned * 1_440 }, (_, index) => start + index * minuteMs);

/** What the wall shows at a minute of the scan. */
function shownAt(window: WindowConfig, start: number, minute: number): Shown {
  const found = wall(window.zone, start)[(minute - start + dayMs) / minuteMs];
  if (!found) throw new Error('not within the scan');
  return found;
}

describe('windows against a clock on the wall, minute by minute', () => {
  it('T14: opens and closes at the very minutes that the wall shows, year ends and clock changes included', () => {
    fc.assert(
      fc.property(scenario(either), ({ windows, start }) => {
        fc.pre(isClear(windows, start));
        const { open } = scanOf(windows, start);
        const given = Object.values(windows);
        const allows = given.filter(({ kind }) => kind === 'allow');
        const denies = given.filter(({ kind }) => kind === 'deny');
        for (const minute of minutesOf(start)) {
          const inside = (window: WindowConfig) => isInside(window, shownAt(window, start, minute));
          const expected = (allows.length === 0 || allows.some(inside)) && !denies.some(inside);
          if (open(minute) !== expected)
            expect(`${new Date(minute).toISOString()} ${open(minute)}`).toBe(expected);
        }
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  it('T14: a freeze denies every minute that shows a time inside it, also when clocks show it twice or skip its edges', () => {
    fc.assert(
      fc.property(scenario(fc.constant('deny' as const)), ({ windows, start }) => {
        const always: WindowConfig = {
          kind: 'allow',
          rrule: 'FREQ=DAILY',
          from: '00:00',
          duration: '2d',
          zone: 'UTC',
        };
        const { open } = scanOf({ ...windows, always }, start);
        for (const minute of minutesOf(start)) {
          const denied = Object.values(windows).some((window) =>
            isInside(window, shownAt(window, start, minute)),
          );
          if (denied && open(minute)) expect(new Date(minute).toISOString()).toBe('shut');
        }
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  it('T14: an hour that happens twice opens a window once, and one that is skipped not before its time', () => {
    const once = (zone: string, day: string, from: string, until: string) => {
      const window: WindowConfig = { kind: 'allow', rrule: 'FREQ=DAILY', from, until, zone };
      const state = evaluateWindows({ window }, new Date(Date.parse(day) - dayMs / 2));
      const openings: string[] = [];
      for (let next = state.next; next && next.opensAt.getTime() < Date.parse(day) + dayMs; ) {
        openings.push(
          `${next.opensAt.toISOString().slice(0, 16)}/${next.closesAt?.toISOString().slice(11, 16)}`,
        );
        next = evaluateWindows({ window }, next.opensAt).next;
      }
      return openings;
    };
    expect(once('Europe/Berlin', '2026-10-25', '02:15', '02:45')).toContain('2026-10-25T00:15/00:45');
    expect(once('Europe/Berlin', '2026-10-25', '02:15', '02:45')).not.toContain('2026-10-25T01:15/01:45');
    expect(once('America/New_York', '2026-11-01', '01:15', '01:45')).toContain('2026-11-01T05:15/05:45');
    expect(once('Europe/Berlin', '2026-03-29', '02:15', '02:45')).toContain('2026-03-29T01:15/01:45');
    expect(once('Australia/Lord_Howe', '2026-04-05', '01:40', '01:50')).toContain('2026-04-04T14:40/14:50');
    expect(once('Africa/Lagos', '2026-10-25', '02:15', '02:45')).toContain('2026-10-25T01:15/01:45');
  });
});
