import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Comparable, compareRuns, readEarlier } from './compare.ts';

function run(values: readonly number[], more: Partial<Comparable> = {}): Comparable {
  const windows = values.map((value) => ({ p50_ms: value, p95_ms: value * 2, p99_ms: value * 3 }));
  return { script: 'probe.ts', script_sha256: 'a1', load: '{}', window_ms: 10_000, windows, ...more };
}
const wanted = { item: 'reads', script: 'probe.ts' };
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
    const others = [
      { load: '{"vus":2}' },
      { script: 'other.ts' },
      { script_sha256: 'b2' },
      { window_ms: 5_000 },
    ];
    for (const unlike of others) {
      expect(() => compareRuns(run(steady), run(steady, unlike))).toThrow('the earlier run had another');
    }
    expect(() => compareRuns(run(steady), run([1, 2, 3, 4]))).toThrow('too few');
  });

  it('refuses a file that holds something else', () => {
    const endless = JSON.stringify(run(Array.from({ length: 1_000 }, () => 1)));
    for (const text of ['', '[]', '{"script": "x"}', JSON.stringify(run([0, 0, 0, 0, 0])), endless]) {
      expect(() => readEarlier(text, 'before.json', wanted)).toThrow('holds no facts of a latency run');
    }
    expect(readEarlier(JSON.stringify(run(steady)), 'before.json', wanted).windows).toHaveLength(6);
  });

  const item = (id: string, facts: unknown, check = 'latency') => ({
    id,
    check,
    attempts: [{}, facts === undefined ? {} : { facts }],
  });
  const inReport = (...items: object[]) =>
    readEarlier(JSON.stringify({ predicate: { items } }), 'report.json', wanted);

  it('finds the item in the report of a gate, by its id or as the only one with the script', () => {
    const slow = run([20, 20, 20, 20, 20]);
    expect(inReport(item('other', slow), item('reads', run(steady))).windows).toHaveLength(6);
    expect(inReport(item('renamed', slow), item('x', run(steady, { script: 'y.ts' }))).windows).toHaveLength(
      5,
    );
  });

  it.each([
    ['no item of the kind', [item('reads', run(steady), 'http')], '0 items of its gate measured `probe.ts`'],
    ['two with the script', [item('a', run(steady)), item('b', run(steady))], '2 items of its gate'],
    ['an item that ended in an error', [item('reads', undefined)], 'its item `reads` measured nothing'],
    ['facts of another shape', [item('reads', { script: 'probe.ts', windows: [] })], 'are missing or odd'],
  ])('refuses a report with %s', (_name, items, why) => {
    expect(() => inReport(...items)).toThrow(why);
  });
});
