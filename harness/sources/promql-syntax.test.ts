import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { startPrometheus } from '../testing/prometheus.ts';
import { createPrometheus } from './prometheus.ts';
import {
  durationMs,
  findQuantileThresholds,
  findSelectors,
  findSyntaxError,
  normalisePromql,
  shapeOf,
} from './promql-syntax.ts';

describe('findSyntaxError', () => {
  it.each(['up', 'rate(x[5m])', 'a / on (b) group_left c', 'x[1h:5m] @ end()', '{__name__="up"}'])(
    'accepts %s',
    (query) => expect(findSyntaxError(query)).toBeUndefined(),
  );

  it.each([
    ['rate(x[5m]', 11],
    ['foo bar', 5],
    ['', 1],
    ['x{a=\\"b\\"}', 5],
  ])('refuses %s', (query, column) => expect(findSyntaxError(query)).toEqual({ column }));
});

describe('normalisePromql', () => {
  it.each([
    ['sum by (a,b) (x)', 'sum(x) by (b, a)'],
    ['rate(x{a="1",b="2"}[5m])>2', 'rate(x{b="2", a=\'1\'}[300s])\n  > 2.0'],
    ['up', '{__name__="up"}'],
    ['up{}', 'up'],
    ['(a) + b', 'a + b'],
    ['SUM(x)', 'sum(x)'],
    ['x[1h30m]', 'x[90m]'],
  ])('takes %s for %s', (left, right) => expect(normalisePromql(left)).toBe(normalisePromql(right)));

  it.each([
    ['a > 5', 'a >= 5'],
    ['a > 5', 'a > 6'],
    ['(a + b) * c', 'a + b * c'],
    ['x{a="b"}', 'x{a!="b"}'],
    ['x{a="b"}', 'x{a="B"}'],
    ['Up', 'up'],
    ['x[5m]', 'x[6m]'],
    ['sum by (a) (x)', 'sum without (a) (x)'],
    ['x offset 5m', 'x offset 6m'],
    ['x offset 5m', 'x offset -5m'],
    ['a > bool 1', 'a > 1'],
    ['a and on (x) b', 'a and ignoring (x) b'],
    ['rate(x[5m])', 'irate(x[5m])'],
    ['a - b', 'b - a'],
  ])('keeps %s apart from %s', (left, right) =>
    expect(normalisePromql(left)).not.toBe(normalisePromql(right)),
  );

  it('is blind to spaces and parentheses wherever they stand', () => {
    const space = fc.constantFrom('', ' ', '\n', '\t ');
    fc.assert(
      fc.property(
        fc.array(space, { minLength: 6, maxLength: 6 }),
        fc.boolean(),
        ([a, b, c, d, e, f], wrapped) => {
          const query = `sum ${a}by${b}(${c}x${d})(rate(m{l="v"}[5m]))${e}>${f}2`;
          expect(normalisePromql(wrapped ? `((${query}))` : query)).toBe(
            normalisePromql('sum by (x) (rate(m{l="v"}[5m])) > 2'),
          );
        },
      ),
    );
  });

  it('refuses what is not PromQL', () => {
    expect(() => normalisePromql('a >')).toThrow(/column/);
  });
});

describe('shapeOf', () => {
  it('takes ranges and offsets out, and nothing else', () => {
    const slow = shapeOf('rate(x[5m] offset 1h) > 300');
    const fast = shapeOf('(rate(x[5s] offset 1m)) > 300');
    expect(slow.text).toBe(fast.text);
    expect([slow.durationsMs, fast.durationsMs]).toEqual([
      [300_000, 3_600_000],
      [5_000, 60_000],
    ]);
    expect(shapeOf('x > 300').text).not.toBe(shapeOf('x > 5').text);
  });
});

describe('findSelectors', () => {
  it('finds each selector once, with its longest range', () => {
    expect(findSelectors('rate(a{x="1"}[5m]) / rate(a{x="1"}[1h]) > b')).toEqual([
      { text: 'a{x="1"}', rangeMs: 3_600_000 },
      { text: 'b', rangeMs: 0 },
    ]);
  });

  it('leaves offset and range out of the text', () => {
    expect(findSelectors('x[1h:5m] offset 5m')).toEqual([{ text: 'x', rangeMs: 3_600_000 }]);
  });

  it('finds none in a number', () => expect(findSelectors('1 + 1')).toEqual([]));
});

describe('findQuantileThresholds', () => {
  it('finds the threshold on either side', () => {
    const quantile = 'histogram_quantile(0.95, sum by (le) (rate(d_bucket{s="x"}[5m])))';
    const selectors = [{ text: 'd_bucket{s="x"}', rangeMs: 300_000 }];
    expect(findQuantileThresholds(`${quantile} > 2`)).toEqual([{ threshold: 2, selectors }]);
    expect(findQuantileThresholds(`0.5 < (${quantile})`)).toEqual([{ threshold: 0.5, selectors }]);
  });

  it('finds none where nothing is compared', () => {
    expect(findQuantileThresholds('rate(x[5m]) > 2')).toEqual([]);
    expect(findQuantileThresholds('histogram_quantile(0.9, x_bucket)')).toEqual([]);
  });
});

describe('durationMs', () => {
  it('reads compound and signed durations and nothing else', () => {
    expect(durationMs('1h30m')).toBe(5_400_000);
    expect(durationMs('-1w')).toBe(-604_800_000);
    expect(durationMs('5')).toBeUndefined();
    expect(durationMs('m')).toBeUndefined();
  });
});

describe('Prometheus itself', () => {
  /** Spelled as people spell them; the server prints each in its own way. */
  const spellings = [
    'sum(rate(x{b="1",a=~"y|z"}[300s])) BY (q, p)',
    'histogram_quantile(.95, sum by(le)(rate(d_bucket[1h30m]))) > 2.50',
    '{__name__="up", job=\'a"b\'}',
    'x{a=`raw\\d`} offset 60s',
    'a / on(x,y) group_left(z) b',
    'a * ignoring (x) group_right b',
    'count_values("v", x) without (y)',
    'max_over_time(rate(x[1m])[1h:120s])',
    'x @ 1609746000 > bool 1e3',
    'x @ end() - -y',
    '-x ^ 2 + (a or b unless c)',
    'topk(0x10, x) and vector(Inf) == x',
    'label_replace(x, "d", "$1", "s", "(.*)\\\\.x")',
    'absent(x{a="é"}) or vector(time()) > 3',
    '((x)) % 7',
    'quantile by () (0.5, x{})',
  ];

  it('prints every query so that it stays equal to how it was written', async () => {
    const rules = spellings.map((expr, at) => ({ record: `spelling:${at}`, expr }));
    const server = await startPrometheus({ rules: stringify({ groups: [{ name: 'g', rules }] }) });
    const loaded = await createPrometheus({ name: 'p', url: server.url }).rules();
    await server.stop();
    expect(loaded.map(({ query }) => normalisePromql(query))).toEqual(spellings.map(normalisePromql));
    expect(loaded.map(({ query }) => query)).not.toEqual(spellings);
    expect(new Set(spellings.map(normalisePromql)).size).toBe(spellings.length);
  });
});
