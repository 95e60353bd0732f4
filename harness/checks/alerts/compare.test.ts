import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleState } from '../../sources/define.ts';
import { compareRules } from './compare.ts';
import type { WrittenRule } from './rule-files.ts';

const written: WrittenRule = {
  file: 'a.rules.yml',
  type: 'alerting',
  name: 'Slow',
  query: 'sum(rate(x{a="1", b="2"}[5m])) by (q)\n  > 2.0',
  forMs: 300_000,
  keepFiringMs: 0,
  labels: { severity: 'warning' },
  annotations: { summary: 'slow {{ $value }}' },
};

const loaded: RuleState = {
  group: 'g',
  file: '/somewhere/a.rules.yml',
  name: 'Slow',
  type: 'alerting',
  query: 'sum by (q) (rate(x{a="1",b="2"}[5m])) > 2',
  duration: 300,
  keepFiringFor: 0,
  labels: { severity: 'warning' },
  annotations: { summary: 'slow {{ $value }}' },
  state: 'inactive',
  health: 'ok',
  lastError: '',
  lastEvaluation: '2026-11-25T08:00:00Z',
  alerts: [],
};

const real = { dividedBy: 1, leastRangeMs: 4_000 };
const fast = { dividedBy: 60, leastRangeMs: 4_000 };
const nothing = { missing: [], unexpected: [], differing: [] };

describe('compareRules', () => {
  it('finds a rule that the server only spells in another way', () => {
    expect(compareRules([written], [loaded], real)).toEqual(nothing);
  });

  it.each<[string, Partial<RuleState>, string]>([
    ['a threshold', { query: 'sum by (q) (rate(x{a="1",b="2"}[5m])) > 3' }, 'query'],
    ['a range', { query: 'sum by (q) (rate(x{a="1",b="2"}[6m])) > 2' }, 'query'],
    ['a matcher', { query: 'sum by (q) (rate(x{a="1",b="3"}[5m])) > 2' }, 'query'],
    ['a wait', { duration: 0 }, 'for'],
    ['a keep', { keepFiringFor: 60 }, 'keep_firing_for'],
    ['a label', { labels: { severity: 'critical' } }, 'labels'],
    ['a label more', { labels: { severity: 'warning', team: 'x' } }, 'labels'],
    ['a missing annotation', { annotations: {} }, 'annotations'],
  ])('tells %s', (_name, change, field) => {
    expect(compareRules([written], [{ ...loaded, ...change }], real)).toEqual({
      ...nothing,
      differing: [{ name: 'Slow', fields: [field] }],
    });
  });

  it('tells what is only written, and what is only loaded', () => {
    expect(compareRules([written], [], real)).toEqual({ ...nothing, missing: ['Slow'] });
    expect(compareRules([], [loaded], real)).toEqual({ ...nothing, unexpected: ['Slow'] });
    expect(compareRules([written], [{ ...loaded, type: 'recording' }], real)).toEqual({
      ...nothing,
      missing: ['Slow'],
      unexpected: ['Slow'],
    });
  });

  it('counts rules that share a name', () => {
    expect(compareRules([written, written], [loaded], real)).toEqual({ ...nothing, missing: ['Slow'] });
    expect(compareRules([written], [loaded, { ...loaded }], real)).toEqual({
      ...nothing,
      unexpected: ['Slow'],
    });
    const other = { ...written, forMs: 0 };
    const both = [loaded, { ...loaded, duration: 0 }];
    expect(compareRules([other, written], both, real)).toEqual(nothing);
  });

  it('knows clocks that were divided, and only by the stated factor', () => {
    const divided = { ...loaded, duration: 5, query: 'sum by (q) (rate(x{a="1",b="2"}[5s])) > 2' };
    expect(compareRules([written], [divided], fast)).toEqual(nothing);
    expect(compareRules([written], [divided], real).differing[0]?.fields).toEqual(['query', 'for']);
    expect(compareRules([written], [loaded], fast).differing[0]?.fields).toEqual(['query', 'for']);
  });

  it('lets a divided range be kept long enough for a rate, and no longer', () => {
    const short = { ...written, query: 'rate(x[1m])' };
    const kept = (range: string) =>
      compareRules([short], [{ ...loaded, duration: 5, query: `rate(x[${range}])` }], fast).differing;
    expect(kept('1s')).toEqual([]);
    expect(kept('4s')).toEqual([]);
    expect(kept('5s')).toHaveLength(1);
    expect(kept('900ms')).toHaveLength(1);
  });

  it('accepts every rule divided as stated', () => {
    const factor = fc.integer({ min: 2, max: 1_000 });
    const minutes = fc.integer({ min: 1, max: 600 });
    fc.assert(
      fc.property(factor, minutes, minutes, (dividedBy, range, wait) => {
        const rule = { ...written, query: `rate(x[${range}m]) > ${wait}`, forMs: wait * 60_000 };
        const rangeMs = Math.round((range * 60_000) / dividedBy);
        const seen = {
          ...loaded,
          query: `rate(x[${rangeMs}ms]) > ${wait}`,
          duration: Math.round((wait * 60_000) / dividedBy) / 1000,
        };
        expect(compareRules([rule], [seen], { dividedBy, leastRangeMs: 0 })).toEqual(nothing);
      }),
    );
  });
});
