import { expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  compressDuration,
  compressedInterval,
  compressPromql,
  compressRoute,
  compressRules,
} from './compress.ts';

const fast = { rehearse: 60, intervalMs: 250 };

test('range selectors, subqueries and offsets are divided; labels and numbers stay', () => {
  const query = 'sum(rate(x{a="[5m]"}[10m] offset 1h)) > 300 and max_over_time(y[2h:1m])[1d:] > 0.05';
  expect(compressPromql(query, fast)).toBe(
    'sum(rate(x{a="[5m]"}[10s] offset 1m)) > 300 and max_over_time(y[2m:1s])[24m:] > 0.05',
  );
});

test('a range never gets shorter than the samples that a rate needs', () => {
  expect(compressPromql('rate(x[30s])', fast)).toBe('rate(x[1s])');
  expect(compressPromql('rate(x[500ms])', fast)).toBe('rate(x[500ms])');
});

test('rules keep everything but their waiting times', () => {
  const text = [
    'groups:',
    '  - name: g',
    '    interval: 1m',
    '    rules:',
    '      - alert: A',
    '        expr: increase(x_total[15m]) == 0',
    '        for: 10m',
    '        keep_firing_for: 5m',
    '        labels: {severity: page}',
    '      - record: r',
    '        expr: x',
  ].join('\n');
  expect(parse(compressRules(text, fast))).toEqual({
    groups: [
      {
        name: 'g',
        interval: '1s',
        rules: [
          {
            alert: 'A',
            expr: 'increase(x_total[15s]) == 0',
            for: '10s',
            keep_firing_for: '5s',
            labels: { severity: 'page' },
          },
          { record: 'r', expr: 'x' },
        ],
      },
    ],
  });
});

test('without compression a rule file stays byte for byte', () => {
  const text = 'groups:   [] # spaces and all\n';
  expect(compressRules(text, { rehearse: 1, intervalMs: 1_000 })).toBe(text);
});

test('routes are divided in depth, and what Alertmanager would assume is too', () => {
  const route = { receiver: 'a', group_wait: '1m', routes: [{ receiver: 'b', repeat_interval: '1h' }] };
  expect(compressRoute(route, 60)).toEqual({
    receiver: 'a',
    group_wait: '1s',
    group_interval: '5s',
    repeat_interval: '4m',
    routes: [{ receiver: 'b', repeat_interval: '1m' }],
  });
});

test('durations of Prometheus are read in every unit, and nothing else is', () => {
  expect(compressDuration('1w', 7)).toBe('1d');
  expect(compressDuration('90', 1)).toBe('1m30s');
  expect(compressDuration('0s', 60)).toBe('0s');
  expect(() => compressDuration('soon', 60)).toThrow(/is not a duration of Prometheus/);
});

test('an interval never gets faster than Prometheus scrapes well, nor slower than it was', () => {
  expect(compressedInterval(15_000, 10)).toBe(1_500);
  expect(compressedInterval(1_000, 60)).toBe(250);
  expect(compressedInterval(100, 60)).toBe(100);
  expect(compressedInterval(15_000, 1)).toBe(15_000);
});
