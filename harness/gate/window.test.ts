import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WindowConfig, Windows } from '../config/windows.ts';
import { instantOf } from './local-time.ts';
import { evaluateWindows, windowProblems } from './window.ts';

const allow = (given: Partial<WindowConfig> = {}): WindowConfig => ({
  kind: 'allow',
  rrule: 'FREQ=WEEKLY;BYDAY=WE',
  from: '09:00',
  until: '11:00',
  zone: 'Africa/Lagos',
  ...given,
});
const deny = (given: Partial<WindowConfig> = {}): WindowConfig => allow({ kind: 'deny', ...given });
const at = (windows: Windows, instant: string) => evaluateWindows(windows, new Date(instant));
const daily = { rrule: 'FREQ=DAILY' };

describe('windows', () => {
  it.each([
    ['2026-11-25T07:59:59.999Z', false],
    ['2026-11-25T08:00:00.000Z', true],
    ['2026-11-25T09:59:59.999Z', true],
    ['2026-11-25T10:00:00.000Z', false],
    ['2026-11-26T09:00:00.000Z', false],
  ])('Wednesday 09:00 to 11:00 in Lagos at %s is open: %s', (instant, open) => {
    expect(at({ cutover: allow() }, instant).open).toBe(open);
  });

  it('tells when it closes, and which opening comes next', () => {
    expect(at({ cutover: allow() }, '2026-11-25T09:00:00Z')).toEqual({
      open: true,
      active: ['cutover'],
      deniedBy: [],
      closesAt: new Date('2026-11-25T10:00:00Z'),
      next: {
        name: 'cutover',
        opensAt: new Date('2026-12-02T08:00:00Z'),
        closesAt: new Date('2026-12-02T10:00:00Z'),
      },
    });
  });

  it('T14: lets deny beat allow, and looks for the next opening past it', () => {
    const freeze = deny({
      rrule: 'FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=20',
      from: '00:00',
      until: undefined,
      duration: '14d',
    });
    const state = at({ cutover: allow(), freeze }, '2026-11-25T09:00:00Z');
    expect(state).toMatchObject({
      open: false,
      active: ['cutover', 'freeze'],
      deniedBy: ['freeze'],
      closesAt: null,
      next: { name: 'cutover', opensAt: new Date('2026-12-09T08:00:00Z') },
    });
  });

  it('cuts an opening where a deny begins and ends', () => {
    const lunch = deny({ from: '09:30', until: '10:00' });
    const windows = { cutover: allow(), lunch };
    expect(at(windows, '2026-11-25T08:10:00Z')).toMatchObject({
      open: true,
      closesAt: new Date('2026-11-25T08:30:00Z'),
      next: { opensAt: new Date('2026-11-25T09:00:00Z'), closesAt: new Date('2026-11-25T10:00:00Z') },
    });
    expect(at(windows, '2026-11-25T08:30:00Z').open).toBe(false);
    expect(at(windows, '2026-11-25T09:00:00Z').open).toBe(true);
  });

  it('takes windows that touch for one opening', () => {
    const windows = { early: allow(), late: allow({ from: '11:00', until: '12:00' }) };
    expect(at(windows, '2026-11-25T09:00:00Z').closesAt).toEqual(new Date('2026-11-25T11:00:00Z'));
    expect(at(windows, '2026-11-24T09:00:00Z').next).toMatchObject({
      name: 'early',
      closesAt: new Date('2026-11-25T11:00:00Z'),
    });
  });

  it('is open without a deny where no allow window is given', () => {
    const freeze = {
      freeze: deny({
        rrule: 'FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24',
        from: '00:00',
        until: undefined,
        duration: '3d',
      }),
    };
    expect(at(freeze, '2026-12-01T00:00:00Z')).toMatchObject({
      open: true,
      closesAt: new Date('2026-12-23T23:00:00Z'),
      next: { name: 'always', opensAt: new Date('2026-12-26T23:00:00Z') },
    });
    expect(at(freeze, '2026-12-25T00:00:00Z')).toMatchObject({ open: false, deniedBy: ['freeze'] });
  });

  it('crosses midnight and the end of the year', () => {
    const night = { night: allow({ ...daily, from: '22:00', until: '02:00' }) };
    expect(at(night, '2027-01-01T00:30:00Z')).toMatchObject({
      open: true,
      closesAt: new Date('2027-01-01T01:00:00Z'),
      next: { opensAt: new Date('2027-01-01T21:00:00Z') },
    });
  });

  it('finds no opening that is more than 366 days away', () => {
    const once = (day: string) => ({ once: allow({ rrule: 'FREQ=DAILY;COUNT=1', dtstart: day }) });
    expect(at(once('2027-11-25'), '2026-11-25T09:00:00Z').next).not.toBeNull();
    expect(at(once('2028-01-25'), '2026-11-25T09:00:00Z').next).toBeNull();
    expect(at(once('2020-01-25'), '2026-11-25T09:00:00Z').next).toBeNull();
    expect(
      at({ leap: allow({ rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29' }) }, '2026-11-25T09:00:00Z').next,
    ).toBeNull();
  });

  it('includes the day that UNTIL names', () => {
    const windows = { last: allow({ rrule: 'FREQ=DAILY;UNTIL=20261125' }) };
    expect(at(windows, '2026-11-25T09:00:00Z')).toMatchObject({ open: true, next: null });
  });

  it('keeps the local time through a clock change', () => {
    const london = { london: allow({ ...daily, zone: 'Europe/London' }) };
    expect(at(london, '2026-10-24T20:00:00Z').next?.opensAt).toEqual(new Date('2026-10-25T09:00:00Z'));
    expect(at(london, '2026-10-23T20:00:00Z').next?.opensAt).toEqual(new Date('2026-10-24T08:00:00Z'));
  });

  it('T14: opens once, and a deny shuts for both, when an hour happens twice', () => {
    const hour = { ...daily, zone: 'America/New_York', from: '01:15', until: '01:45' };
    const first = '2026-11-01T05:30:00Z';
    const second = '2026-11-01T06:30:00Z';
    expect(at({ hour: allow(hour) }, first).open).toBe(true);
    expect(at({ hour: allow(hour) }, second).open).toBe(false);
    for (const instant of [first, '2026-11-01T06:00:00Z', second]) {
      expect(at({ hour: deny(hour) }, instant).open).toBe(false);
    }
  });

  it('T14: denies no longer than it says on the day of a clock change when its own times happen once', () => {
    const night = deny({ ...daily, zone: 'Australia/Lord_Howe', from: '00:00', until: '00:30' });
    const open = (instant: string) => at({ night }, instant).open;
    expect(['2026-10-03T13:29:00Z', '2026-10-03T13:30:00Z'].map(open)).toEqual([true, false]);
    expect(['2026-10-03T13:59:00Z', '2026-10-03T14:00:00Z'].map(open)).toEqual([false, true]);
  });

  it('still denies on the day whose hour is skipped', () => {
    const hour = { ...daily, zone: 'America/New_York', from: '02:15', until: '02:45' };
    expect(at({ hour: deny(hour) }, '2026-03-08T07:30:00Z').deniedBy).toEqual(['hour']);
    expect(at({ hour: deny(hour) }, '2026-03-08T06:30:00Z').deniedBy).toEqual(['hour']);
  });

  it.each([
    [{ rrule: 'FREQ=DAILY;BYHOUR=3' }, 'BYHOUR'],
    [{ rrule: 'FREQ=WEEKLY' }, 'which day'],
    [{ rrule: 'FREQ=MONTHLY' }, 'which day'],
    [{ rrule: 'FREQ=DAILY;INTERVAL=2' }, 'dtstart'],
    [{ rrule: 'FREQ=WEEKLY;BYDAY=XX' }, 'cannot be followed'],
    [{ rrule: 'FREQ=DAILY;UNTIL=20261231T000000Z' }, 'UNTIL'],
    [{ rrule: 'FREQ=WEEKLY;BYDAY=MO;BYDAY=TU' }, 'once'],
    [{ zone: 'Africa/Nowhere' }, 'time zone'],
    [{ until: undefined }, 'either'],
    [{ duration: '2h' }, 'either'],
    [{ until: undefined, duration: '40d' }, '31d'],
  ])('refuses %j', (given, message) => {
    expect(windowProblems(allow(given)).join()).toContain(message);
  });
});

const zones = ['Europe/London', 'America/New_York', 'Africa/Lagos', 'Australia/Lord_Howe', 'UTC'] as const;
const zone = fc.constantFrom(...zones);
const minute = fc.integer({ min: 0, max: 59 }).map((n) => String(n).padStart(2, '0'));
const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), minute)
  .map(([h, m]) => `${String(h).padStart(2, '0')}:${m}`);
const rule = fc.constantFrom(
  'FREQ=DAILY',
  'FREQ=WEEKLY;BYDAY=SU',
  'FREQ=WEEKLY;BYDAY=MO,WE,SA',
  'FREQ=MONTHLY;BYDAY=-1SU',
  'FREQ=MONTHLY;BYMONTHDAY=31',
);
const window = fc.record({
  kind: fc.constantFrom('allow' as const, 'deny' as const),
  rrule: rule,
  from: time,
  until: time,
  zone,
});
const windows = fc.dictionary(fc.constantFrom('a', 'b', 'c'), window, { minKeys: 1, maxKeys: 3 });
const minuteMs = 60_000;
/** Around the clock changes and the end of a year, and anywhere else. */
const instant = fc
  .tuple(
    fc.constantFrom(
      '2026-03-08',
      '2026-03-29',
      '2026-10-04',
      '2026-10-25',
      '2026-11-01',
      '2026-12-31',
      '2026-06-15',
    ),
    fc.integer({ min: -2 * 1440, max: 2 * 1440 }),
  )
  .map(([day, minutes]) => new Date(Date.parse(day) + minutes * minuteMs));

it('names no closing of what is open day after day', () => {
  const daily = {
    kind: 'allow',
    rrule: 'FREQ=DAILY',
    from: '00:00',
    until: '00:00',
    zone: 'Europe/London',
  } as const;
  expect(evaluateWindows({ daily }, new Date('2026-03-08T00:00:00Z'))).toMatchObject({
    open: true,
    closesAt: null,
    next: null,
  });
});

describe('windows, for any rule, zone and moment', () => {
  it('opens only when some allow and no deny is active', () => {
    fc.assert(
      fc.property(windows, instant, (given, now) => {
        const { open, active, deniedBy } = evaluateWindows(given, now);
        const allows = Object.keys(given).filter((name) => given[name]?.kind === 'allow');
        expect(deniedBy).toEqual(active.filter((name) => given[name]?.kind === 'deny'));
        const allowed = allows.length === 0 || allows.some((name) => active.includes(name));
        expect(open).toBe(allowed && deniedBy.length === 0);
      }),
      { numRuns: 60 },
    );
  });

  it('names edges at which the state really changes', () => {
    fc.assert(
      fc.property(windows, instant, (given, now) => {
        const state = evaluateWindows(given, now);
        const isOpen = (moment: Date, shift = 0) =>
          evaluateWindows(given, new Date(moment.getTime() + shift)).open;
        if (state.closesAt)
          expect([isOpen(state.closesAt, -1), isOpen(state.closesAt)]).toEqual([true, false]);
        if (!state.next) return;
        expect(state.next.opensAt > now).toBe(true);
        expect([isOpen(state.next.opensAt, -1), isOpen(state.next.opensAt)]).toEqual([false, true]);
        if (!state.open) {
          const between = new Date((now.getTime() + state.next.opensAt.getTime()) / 2);
          expect(isOpen(between)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes a local time for an instant that shows it, unless clocks skip it', () => {
    fc.assert(
      fc.property(instant, time, zone, (now, local, place) => {
        const day = now.toISOString().slice(0, 10);
        const show = (milliseconds: number) =>
          new Intl.DateTimeFormat('en-GB', { timeZone: place, hour: '2-digit', minute: '2-digit' }).format(
            milliseconds,
          );
        const found = instantOf(day, local, place);
        const [earlier, later] = [
          instantOf(day, local, place, 'earlier'),
          instantOf(day, local, place, 'later'),
        ];
        expect(earlier <= found && found <= later).toBe(true);
        if (show(found) !== local) expect([show(earlier), show(later)]).not.toContain(local);
        else if (show(earlier) === local) expect(found).toBe(earlier);
      }),
      { numRuns: 500 },
    );
  });
});
