import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextDue, phaseOf } from './phase.ts';

const interval = fc.integer({ min: 1_000, max: 7 * 86_400_000 });
const moment = fc.integer({ min: 0, max: 4_102_444_800_000 });

describe('the moments at which a check is due', () => {
  it('are what they were: a new version moves no check', () => {
    expect(phaseOf('health_endpoint', 60_000)).toBe(26628);
  });

  it('are the same after every restart, one interval apart, and never missed', () => {
    fc.assert(
      fc.property(fc.string(), interval, moment, (name, every, now) => {
        const due = nextDue(name, every, now);
        expect(due).toBeGreaterThan(now);
        expect(due - now).toBeLessThanOrEqual(every);
        expect(due % every).toBe(phaseOf(name, every));
        expect(nextDue(name, every, due - 1)).toBe(due);
        expect(nextDue(name, every, due)).toBe(due + every);
      }),
    );
  });

  it('are spread over the interval', () => {
    const tenths = new Array<number>(10).fill(0);
    for (let index = 0; index < 1_000; index += 1) {
      const tenth = Math.floor(phaseOf(`check-${index}`, 60_000) / 6_000);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    expect(Math.min(...tenths)).toBeGreaterThan(60);
    expect(Math.max(...tenths)).toBeLessThan(140);
  });
});
