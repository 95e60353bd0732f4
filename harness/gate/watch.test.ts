import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLastSample, judgeWatch, nextSampleAt, type Sample, type WatchPlan, watchPlan } from './watch.ts';

const origin = Date.parse('2026-11-25T08:30:00.000Z');
const minute = 60_000;
const plan = watchPlan({ for: '15m', every: '30s' });

const at = (milliseconds: number, state: Sample['state'] = 'passed'): Sample => ({
  state,
  started_at: new Date(origin + milliseconds).toISOString(),
});
/** One sample each step from the beginning to the very end. */
const whole = (state: (index: number) => Sample['state'] = () => 'passed') =>
  Array.from({ length: 31 }, (_, index) => at(index * 30_000, state(index)));

describe('a watch', () => {
  it('passes when it was seen to its end, and says how much of it was seen', () => {
    expect(judgeWatch(plan, whole())).toEqual({
      going: false,
      state: 'passed',
      observedMs: 15 * minute,
      failed: 0,
      errors: 0,
    });
  });

  it('is an error where it ends early, however well it went until then', () => {
    for (let length = 0; length < 31; length += 1) {
      const judged = judgeWatch(plan, whole().slice(0, length));
      expect(judged).toMatchObject({ going: true, state: 'error' });
    }
    expect(judgeWatch(plan, whole().slice(0, 11)).reason).toBe('it was watched for 5m of 15m');
  });

  it('fails at the first sample too many that failed', () => {
    const samples = whole((index) => (index % 10 === 3 ? 'failed' : 'passed'));
    expect(judgeWatch(plan, samples.slice(0, 4))).toMatchObject({
      going: false,
      state: 'failed',
      reason: '1 of 4 samples failed; none may',
    });
    const lenient = { ...plan, failures: 2 };
    expect(judgeWatch(lenient, samples.slice(0, 14))).toMatchObject({ going: true });
    expect(judgeWatch(lenient, samples)).toMatchObject({
      state: 'failed',
      reason: '3 of 24 samples failed; at most 2 may',
    });
    expect(judgeWatch({ ...plan, failures: 3 }, samples)).toMatchObject({ state: 'passed', failed: 3 });
  });

  it('is an error after so many samples in a row that could not measure', () => {
    const row = whole((index) => (index >= 2 && index < 5 ? 'error' : 'passed'));
    expect(judgeWatch(plan, row.slice(0, 4))).toMatchObject({ going: true });
    expect(judgeWatch(plan, row)).toMatchObject({
      going: false,
      state: 'error',
      reason: '3 samples in a row could not measure',
    });
    expect(judgeWatch({ ...plan, consecutiveErrors: 4 }, row)).toMatchObject({ state: 'passed', errors: 3 });
  });

  it('has not observed what a sample could not measure, nor what lies between samples far apart', () => {
    const patchy = whole((index) => (index % 3 === 1 ? 'error' : 'passed'));
    expect(judgeWatch(plan, patchy)).toMatchObject({
      state: 'error',
      reason: 'only 66 % of the time was observed; at least 90 % has to be',
    });
    const gap = whole().filter((_, index) => index < 10 || index > 15);
    expect(judgeWatch(plan, gap).observedMs).toBe(15 * minute - 5.5 * 30_000);
    expect(judgeWatch(plan, gap).state).toBe('error');
    expect(judgeWatch({ ...plan, minObserved: 0.8 }, gap).state).toBe('passed');
  });

  it('is measured on the grid of its first sample, and last at its very end', () => {
    expect(nextSampleAt(plan, [])).toBeUndefined();
    expect(nextSampleAt(plan, [at(0)])).toBe(origin + 30_000);
    expect(nextSampleAt(plan, [at(0), at(31_234)])).toBe(origin + minute);
    const odd = watchPlan({ for: '70s', every: '30s' });
    expect(nextSampleAt(odd, [at(0), at(60_010)])).toBe(origin + 70_000);
    expect(isLastSample(odd, at(0), at(70_000))).toBe(true);
    expect(isLastSample(odd, at(0), at(69_999))).toBe(false);
  });

  it('is divided in a rehearsal, but no step gets shorter than 200 ms', () => {
    expect(watchPlan({ for: '15m', every: '30s' }, 60)).toMatchObject({ forMs: 15_000, everyMs: 500 });
    expect(watchPlan({ for: '15m', every: '30s' }, 1_000)).toMatchObject({ forMs: 900, everyMs: 200 });
    expect(watchPlan({ for: '1s', every: '1s' }, 1_000)).toMatchObject({ forMs: 200, everyMs: 200 });
  });
});

const settings: fc.Arbitrary<WatchPlan> = fc.record({
  forMs: fc.integer({ min: 200, max: 20_000 }),
  everyMs: fc.integer({ min: 200, max: 2_000 }),
  failures: fc.nat(3),
  consecutiveErrors: fc.integer({ min: 1, max: 4 }),
  minObserved: fc.double({ min: 0.05, max: 1, noNaN: true }),
});
const times = fc
  .array(fc.nat(22_000), { minLength: 1, maxLength: 60 })
  .map((all) => all.sort((a, b) => a - b));
/** In the order of their times; some go on after the end, which no runner does. */
const samples = times.chain((all) =>
  fc
    .array(fc.constantFrom<Sample['state']>('passed', 'passed', 'passed', 'passed', 'failed', 'error'), {
      minLength: all.length,
      maxLength: all.length,
    })
    .map((states) => all.map((time, index) => at(time, states[index]))),
);

describe('whatever was sampled, a watch', () => {
  it('never passes with more failed samples than may fail', () => {
    fc.assert(
      fc.property(settings, samples, (any, all) => {
        const failed = all.filter(({ state }) => state === 'failed').length;
        fc.pre(failed > any.failures);
        expect(judgeWatch(any, all).state).not.toBe('passed');
      }),
      { endOnFailure: true },
    );
  });

  it('T12: never passes before its end', () => {
    fc.assert(
      fc.property(settings, samples, (any, all) => {
        const early = all.filter(
          ({ started_at }) => Date.parse(started_at) - Date.parse(all[0]?.started_at ?? '') < any.forMs,
        );
        expect(judgeWatch(any, early).state).not.toBe('passed');
      }),
      { endOnFailure: true },
    );
  });

  it('is not judged better for a sample that passed and is missing', () => {
    fc.assert(
      fc.property(settings, samples, fc.nat(), (any, all, pick) => {
        const passed = all.filter(({ state }, index) => index > 0 && state === 'passed');
        fc.pre(passed.length > 0);
        const missing = passed[pick % passed.length];
        fc.pre(!judgeWatch(any, all).reason?.includes('after its end'));
        const judged = judgeWatch(any, all);
        const fewer = judgeWatch(
          any,
          all.filter((sample) => sample !== missing),
        );
        if (judged.state !== 'passed') expect(fewer.state).not.toBe('passed');
        expect(fewer.observedMs).toBeLessThanOrEqual(judged.observedMs);
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  it('is not judged better for time that is missing in its midst', () => {
    fc.assert(
      fc.property(settings, samples, fc.nat(22_000), fc.nat(22_000), (any, all, from, length) => {
        const gap = (sample: Sample) => {
          const time = Date.parse(sample.started_at) - origin;
          return time >= from && time < from + length;
        };
        fc.pre(!judgeWatch(any, all).reason?.includes('after its end'));
        const seen = all.filter((sample) => sample === all[0] || sample.state !== 'passed' || !gap(sample));
        if (judgeWatch(any, all).state !== 'passed') expect(judgeWatch(any, seen).state).not.toBe('passed');
      }),
      { endOnFailure: true },
    );
  });

  it('observes at most the time that it lasts', () => {
    fc.assert(
      fc.property(settings, samples, (any, all) => {
        const { observedMs } = judgeWatch(any, all);
        expect(observedMs).toBeGreaterThanOrEqual(0);
        expect(observedMs).toBeLessThanOrEqual(any.forMs);
      }),
      { endOnFailure: true },
    );
  });

  it('whose samples are not in order is an error', () => {
    expect(judgeWatch(plan, whole().reverse())).toMatchObject({ going: false, state: 'error' });
  });
});
