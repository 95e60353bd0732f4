import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunClock } from './run-clock.ts';

/** A machine whose wall clock anyone may set. */
function machine(start = '2026-11-25T08:30:00.000Z') {
  let wall = Date.parse(start);
  let elapsed = 0;
  return {
    now: () => new Date(wall),
    monotonic: () => elapsed,
    pass(milliseconds: number) {
      wall += milliseconds;
      elapsed += milliseconds;
    },
    set(milliseconds: number) {
      wall += milliseconds;
    },
  };
}

function told() {
  const steps: number[] = [];
  return { steps, hear: (by: number) => void steps.push(by) };
}

describe('the clock of a run', () => {
  it('T16: goes on at its own pace where the machine is set back, and says by how much', () => {
    const { steps, hear } = told();
    const of = machine();
    const clock = new RunClock(of, hear);
    of.pass(60_000);
    of.set(-3_600_000);
    expect(clock.now().toISOString()).toBe('2026-11-25T08:31:00.000Z');
    of.pass(30_000);
    expect(clock.now().toISOString()).toBe('2026-11-25T08:31:30.000Z');
    expect(steps).toEqual([3_600_000]);
  });

  it('T16: a step back while the run was down counts from the last line of the journal', () => {
    const { steps, hear } = told();
    const of = machine('2026-11-25T08:00:00.000Z');
    const clock = new RunClock(of, hear);
    clock.notBefore(new Date('2026-11-25T09:00:00.000Z'));
    expect(clock.now().toISOString()).toBe('2026-11-25T09:00:00.000Z');
    of.pass(1_000);
    expect(clock.now().toISOString()).toBe('2026-11-25T09:00:01.000Z');
    expect(steps).toEqual([3_600_000]);
  });

  it('a step forward is taken as it is, and one back again is noticed', () => {
    const { steps, hear } = told();
    const of = machine();
    const clock = new RunClock(of, hear);
    of.set(3_600_000);
    expect(clock.now().toISOString()).toBe('2026-11-25T09:30:00.000Z');
    of.set(-3_600_000);
    expect(clock.now().toISOString()).toBe('2026-11-25T09:30:00.000Z');
    expect(steps).toEqual([3_600_000]);
  });

  it('small steps back are held without a word; after the freeze so are large ones', () => {
    const { steps, hear } = told();
    const of = machine();
    const clock = new RunClock(of, hear);
    const before = clock.now().getTime();
    of.set(-900);
    expect(clock.now().getTime()).toBe(before);
    clock.silence();
    of.set(-60_000);
    expect(clock.now().getTime()).toBeGreaterThanOrEqual(before);
    expect(steps).toEqual([]);
  });

  it('never goes back, whatever is done to the clock of the machine', () => {
    const step = fc.record({ pass: fc.nat(100_000), set: fc.integer({ min: -10_000_000, max: 10_000_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const of = machine();
        const clock = new RunClock(of, () => {});
        let last = clock.now().getTime();
        for (const { pass, set } of steps) {
          of.pass(pass);
          of.set(set);
          const now = clock.now().getTime();
          expect(now).toBeGreaterThanOrEqual(last);
          last = now;
        }
      }),
    );
  });
});
