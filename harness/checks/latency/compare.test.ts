import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Comparable, compareRuns, readEarlier } from './compare.ts';

function run(values: readonly number[], more: Partial<Comparable> = {}): Comparable {
  const windows = values.map((value) => ({ p50_ms: value, p95_ms: value * 2, p99_ms: value * 3 }));
  return { script: 'probe.ts', load: '{}', window_ms: 10_000, windows, ...more };
}
const steady = [10, 11, 10, 9, 10, 10.5];

describe('comparison of runs', () => {
  it('has 1 in its interval for two draws of the same thing, and not for a service twice as slow', () => {
    const [same] = compareRuns(run(steady), run([9.5, 10, 10.5, 10, 11, 9]));
    expect(same?.low).toBeLessThan(1);
    expect(same?.high).toBeGreaterThan(1);
    const [slower] = compareRuns(run(steady), run(steady.map((value) => value * 2)));
    expect(slower).toMatchObject({ percentile: 'p50', ratio: 2 });
    expect(slower?.low).toBeGreaterThan(1.8);
  });

  it('is wider the noisier the windows are', () => {
    const width = (values: number[]) => {
      const [found] = compareRuns(run(steady), run(values));
      return (found?.high ?? 0) - (found?.low ?? 0);
    };
    expect(width([5, 15, 5, 15, 5, 15])).toBeGreaterThan(width([10, 10, 10, 10, 10, 10]) * 2);
  });

  it('gives the same interval for the same facts, and one that holds the ratio', () => {
    const values = fc.array(fc.double({ min: 1, max: 1_000, noNaN: true }), { minLength: 5, maxLength: 20 });
    fc.assert(
      fc.property(values, values, (before, now) => {
        const compared = compareRuns(run(before), run(now));
        expect(compareRuns(run(before), run(now))).toEqual(compared);
        for (const { low, ratio, high } of compared) {
          expect(low).toBeLessThanOrEqual(ratio * 1.001);
          expect(high).toBeGreaterThanOrEqual(ratio * 0.999);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('refuses unlike runs and too few windows', () => {
    for (const unlike of [{ load: '{"vus":2}' }, { script: 'other.ts' }, { window_ms: 5_000 }]) {
      expect(() => compareRuns(run(steady), run(steady, unlike))).toThrow('the earlier run had another');
    }
    expect(() => compareRuns(run(steady), run([1, 2, 3, 4]))).toThrow('too few');
  });

  it('refuses a file that holds something else', () => {
    for (const text of ['', '[]', '{"script": "x"}', JSON.stringify(run([0, 0, 0, 0, 0]))]) {
      expect(() => readEarlier(text, 'before.json')).toThrow('holds no facts of a latency run');
    }
    expect(readEarlier(JSON.stringify(run(steady)), 'before.json').windows).toHaveLength(6);
  });
});
