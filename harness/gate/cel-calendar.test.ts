import Type from 'typebox';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Instant } from '../checks/define.ts';
import { checkExpectation, evaluateExpectation, isTrue } from './evaluate.ts';
import type { FactSchema } from './facts.ts';

const schema = Type.Object({ at: Instant(), took: Type.Integer() }) as unknown as FactSchema;

function judge(text: string, at: string): string {
  expect(checkExpectation(text, schema)).toBeUndefined();
  const subject = { schema, facts: { at, took: 7200 }, needs: {} };
  const { outcome } = evaluateExpectation(text, subject);
  expect(isTrue(text, subject)).toBe(outcome === 'true');
  return outcome;
}

describe.each(['UTC', 'America/New_York', 'Pacific/Apia'])('on a machine in the zone %s', (zone) => {
  const before = process.env['TZ'];
  beforeEach(() => {
    process.env['TZ'] = zone;
    expect(Intl.DateTimeFormat().resolvedOptions().timeZone).toBe(zone);
  });
  afterEach(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });

  it.each([
    // The clocks of New York left this hour out; those of Lagos did not.
    ['at.getHours("Africa/Lagos") == 2 && at.getMinutes("Africa/Lagos") == 30', '2026-03-08T01:30:15Z'],
    ['at.getSeconds("Africa/Lagos") == 15', '2026-03-08T01:30:15Z'],
    // After the clocks were put forward a year there is an hour short of whole days.
    ['at.getDayOfYear() == 181', '2026-07-01T00:00:00Z'],
    ['at.getDayOfYear("Africa/Lagos") == 181', '2026-06-30T23:00:00Z'],
    ['at.getDayOfYear() == 0', '2026-01-01T00:00:00Z'],
    ['at.getDayOfYear() == 365', '2024-12-31T23:59:59Z'],
    ['at.getDate("Asia/Tokyo") == 1 && at.getMonth("Asia/Tokyo") == 0', '2026-12-31T15:00:00Z'],
    ['at.getDayOfMonth("Asia/Tokyo") == 0', '2026-12-31T15:00:00Z'],
    ['at.getFullYear("Asia/Tokyo") == 2027', '2026-12-31T15:00:00Z'],
    ['at.getDayOfWeek("Asia/Tokyo") == 5', '2026-12-31T15:00:00Z'],
    ['at.getHours("+05:30") == 20', '2026-12-31T15:00:00Z'],
    ['(at) . getHours( "Africa/Lagos" ) == 16', '2026-12-31T15:00:00Z'],
  ])('%s', (text, at) => {
    expect(judge(text, at)).toBe('true');
  });
});

it('leaves hours of a duration, and what a field is called, as they are', () => {
  expect(judge('duration(string(took) + "s").getHours() == 2', '2026-01-01T00:00:00Z')).toBe('true');
  expect(judge('at.getHours() == 15 && {"getHours": 1}.getHours == 1', '2026-01-01T15:00:00Z')).toBe('true');
});

it('is an error in a zone that nobody knows', () => {
  expect(judge('at.getHours("Africa/Lagoss") == 1', '2026-01-01T00:00:00Z')).toBe('error');
});
