import { describe, expect, it } from 'vitest';
import { readSummary } from './summary.ts';

interface Metric {
  type: string;
  values: Record<string, number | null>;
  thresholds?: Record<string, { ok: unknown }>;
}

function summary(change: (metrics: Record<string, Metric>) => void = () => {}): string {
  const latency = { count: 4, min: 1, avg: 2, 'p(50)': 2, 'p(90)': 3, 'p(95)': 3, 'p(99)': 4, max: 4 };
  const metrics: Record<string, Metric> = {
    http_reqs: { type: 'counter', values: { count: 4, rate: 2 } },
    http_req_failed: { type: 'rate', values: { rate: 0.25, passes: 1, fails: 3 } },
    http_req_duration: { type: 'trend', values: latency, thresholds: { 'p(95)<5': { ok: true } } },
    iterations: { type: 'counter', values: { count: 4, rate: 2 } },
  };
  change(metrics);
  const inner = { path: '::group', groups: [], checks: [{ path: '::group::b', passes: 3, fails: 1 }] };
  const root_group = { path: '', checks: [{ path: '::a', passes: 4, fails: 0 }], groups: [inner] };
  return JSON.stringify({ metrics, root_group, state: { testRunDurationMs: 2000.4 } });
}

describe('summary of k6', () => {
  it('reads checks of all groups and keeps failures apart from passes', () => {
    expect(readSummary(summary())).toMatchObject({
      requests: 4,
      errors: 1,
      error_rate: 0.25,
      p99_ms: 4,
      checks: [
        { name: 'a', passes: 4, fails: 0 },
        { name: 'group::b', passes: 3, fails: 1 },
      ],
      checks_failed: 1,
      thresholds: [{ metric: 'http_req_duration', expression: 'p(95)<5', ok: true }],
      dropped_iterations: 0,
      duration_ms: 2000,
    });
  });

  it('refuses the shape of --summary-export, whose thresholds mean the opposite', () => {
    const exported = summary((metrics) => {
      if (metrics['http_req_duration']) {
        Object.assign(metrics['http_req_duration'], { thresholds: { 'p(95)<5': true } });
      }
    });
    expect(() => readSummary(exported)).toThrow('is not what it should be');
  });

  it.each([
    ['NaN, which JSON has as null', 'p(95)', null],
    ['a percentile that was not asked for', 'p(99)', undefined],
  ])('refuses %s', (_name, stat, value) => {
    const text = summary((metrics) => {
      if (metrics['http_req_duration']) Object.assign(metrics['http_req_duration'].values, { [stat]: value });
    });
    expect(() => readSummary(text)).toThrow('not a number');
  });

  it('refuses a threshold whose metric has no sample', () => {
    const text = summary((metrics) => {
      metrics['logins'] = {
        type: 'rate',
        values: { passes: 0, fails: 0, rate: 0 },
        thresholds: { 'rate<1': { ok: true } },
      };
    });
    expect(() => readSummary(text)).toThrow('judged no sample');
  });

  it('refuses what is no summary', () => {
    for (const text of ['', '[]', '{}', '{"metrics": {}}']) expect(() => readSummary(text)).toThrow();
  });
});
