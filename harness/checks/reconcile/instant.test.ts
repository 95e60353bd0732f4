import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isZone } from '../../config/zone.ts';
import { createDayOf, parseInstant, parseUnix } from './instant.ts';

const iso = (text: string, zone?: string) => {
  const parsed = parseInstant(text, zone);
  return typeof parsed === 'number' ? new Date(parsed).toISOString() : parsed.why;
};

describe('instants', () => {
  it('mean the same in RFC 3339 and as PostgreSQL prints them in any session zone', () => {
    const wanted = '2026-11-20T09:30:00.123Z';
    const texts = [
      '2026-11-20T09:30:00.123Z',
      '2026-11-20 09:30:00.123+00',
      '2026-11-20 10:30:00.123+01',
      '2026-11-20T15:00:00.123+05:30',
      '2026-11-20 04:30:00.123-0500',
    ];
    for (const text of texts) expect(iso(text)).toBe(wanted);
  });

  it('cut microseconds to milliseconds, before 1970 too', () => {
    expect(iso('2026-11-20 09:30:00.123999+00')).toBe('2026-11-20T09:30:00.123Z');
    expect(iso('1969-12-31 23:59:59.999999+00')).toBe('1969-12-31T23:59:59.999Z');
  });

  it('survive printing in any offset', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: -14 * 4, max: 14 * 4 }),
        (at, quarters) => {
          const offset = quarters * 15;
          const sign = offset < 0 ? '-' : '+';
          const size = Math.abs(offset);
          const clock = [Math.floor(size / 60), size % 60]
            .map((part) => String(part).padStart(2, '0'))
            .join(':');
          const wall = new Date(at + offset * 60_000).toISOString().slice(0, -1);
          expect(parseInstant(`${wall}${sign}${clock}`, undefined)).toBe(at);
        },
      ),
    );
  });

  it('without an offset need a zone', () => {
    expect(iso('2026-11-20 09:30:00')).toContain('no offset');
    expect(iso('2026-11-20 09:30:00', 'Africa/Lagos')).toBe('2026-11-20T08:30:00.000Z');
    expect(iso('2026-07-01', 'Europe/Berlin')).toBe('2026-06-30T22:00:00.000Z');
  });

  it('are refused in the hour that a zone skips or repeats', () => {
    expect(iso('2026-03-29 02:30:00', 'Europe/Berlin')).toContain('no single instant');
    expect(iso('2026-10-25 02:30:00', 'Europe/Berlin')).toContain('no single instant');
    expect(iso('2026-10-25 03:30:00', 'Europe/Berlin')).toBe('2026-10-25T02:30:00.000Z');
  });

  it('are refused when there is no such day or time', () => {
    for (const text of [
      '2026-02-30',
      '2026-13-01',
      '2026-01-01 24:00:00+00',
      '20-11-2026',
      'infinity',
      'now',
      '',
    ]) {
      expect(iso(text, 'UTC')).toContain('not a date and time');
    }
  });

  it('may be unix seconds or milliseconds', () => {
    expect(parseUnix('1700000000', 'unix')).toBe(1_700_000_000_000);
    expect(parseUnix('1700000000123', 'unix_ms')).toBe(1_700_000_000_123);
    expect(parseUnix('1700000000.5', 'unix')).toHaveProperty('why');
  });
});

describe('days', () => {
  it('are those of the declared zone, at both edges of midnight', () => {
    const lagos = createDayOf('Africa/Lagos');
    expect(lagos(Date.parse('2026-11-20T22:59:59.999Z'))).toBe('2026-11-20');
    expect(lagos(Date.parse('2026-11-20T23:00:00.000Z'))).toBe('2026-11-21');
    expect(createDayOf('UTC')(Date.parse('2026-11-20T23:00:00.000Z'))).toBe('2026-11-20');
  });

  it('follow a zone through its change of offset', () => {
    const berlin = createDayOf('Europe/Berlin');
    expect(berlin(Date.parse('2026-10-24T22:30:00Z'))).toBe('2026-10-25');
    expect(berlin(Date.parse('2026-10-25T22:30:00Z'))).toBe('2026-10-25');
    expect(berlin(Date.parse('2026-10-25T23:00:00Z'))).toBe('2026-10-26');
  });

  it('agree with the formatter of the platform for any moment', () => {
    const zones = ['Africa/Lagos', 'Asia/Kathmandu', 'America/St_Johns', 'Pacific/Apia', 'UTC'];
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: -1e12, max: 4e12 }), (zone, at) => {
        const plain = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
        expect(createDayOf(zone)(at)).toBe(plain.format(at));
      }),
    );
  });

  it('know which zones there are', () => {
    expect(isZone('Africa/Lagos')).toBe(true);
    expect(isZone('Africa/Atlantis')).toBe(false);
  });
});
