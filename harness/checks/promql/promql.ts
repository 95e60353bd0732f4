import { parseDuration } from '../../config/duration.ts';
import { CountersignError } from '../../errors.ts';
import type { PrometheusSource, Series } from '../../sources/define.ts';
import { findSelectors, findSyntaxError } from '../../sources/promql-syntax.ts';
import { selectorAge } from '../../sources/sample-age.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, DurationText, defineCheck, Options } from '../define.ts';
import { guard, redactFacts } from '../guard.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';

const because = (description: string) =>
  Type.Optional(Options({ reason: Type.String({ minLength: 1, description }) }));

const PromqlOptions = Options({
  source: Type.Optional(Type.String({ description: 'name of a Prometheus of the environment' })),
  query: Type.String({ minLength: 1, description: 'PromQL' }),
  range: Type.Optional(
    Options({
      for: DurationText({ description: 'how far back, from now' }),
      step: DurationText({ description: 'time between two points' }),
    }),
  ),
  max_series: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 10_000, description: 'more are an error; default 200' }),
  ),
  allow_empty: because('why no series at all is a measurement here'),
  allow_non_finite: because('why NaN and infinities may be left out; they are counted'),
});

const SeriesFact = Type.Object({
  labels: Type.Record(Type.String(), Type.String()),
  value: Type.Number({ description: 'the newest value' }),
  first: Type.Number(),
  min: Type.Number(),
  max: Type.Number(),
  points: Type.Integer(),
});

type Settings = Static<typeof PromqlOptions>;
type SeriesFact = Static<typeof SeriesFact>;

export default defineCheck({
  kind: 'promql',
  summary: 'Ask Prometheus one query, now or over a range, and read the values',
  options: PromqlOptions,
  facts: Type.Object({
    query: Type.String(),
    series: Type.Array(SeriesFact),
    count: Type.Integer({ description: 'how many series' }),
    points: Type.Integer({ description: 'how many values, over all series' }),
    value: Type.Optional(Type.Number({ description: 'the newest value, when there is exactly one series' })),
    min: Type.Optional(Type.Number({ description: 'least of all values' })),
    max: Type.Optional(Type.Number({ description: 'greatest of all values' })),
    age_seconds: Type.Optional(
      Type.Number({
        description: "age of the newest sample behind the answer; of several selectors, the oldest's",
      }),
    ),
    empty_selectors: Type.Array(Type.String(), { description: 'parts of the query that select nothing' }),
    non_finite: Type.Integer({ description: 'values left out because they are NaN or infinite' }),
  }),
  expect: ['count > 0'],
  effects: 'reads',
  async lint(options, context) {
    lintTemplates(options, context);
    const wrong = options.query.includes('${') ? undefined : findSyntaxError(options.query);
    if (wrong) context.report(['query'], `this is not PromQL, at column ${wrong.column} of the query`);
  },
  measure: (options, context) => guard(context, 'SOURCE_ANSWER', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const query = await interpolate(options.query, context);
  const prometheus = await context.sources.prometheus(options.source);
  const answer = await ask(prometheus, query, options, context);
  const kept = await context.artifact(
    'answer.json',
    JSON.stringify({ query, range: options.range, series: answer }, null, 2),
    'application/json',
  );
  const { series: stored } = JSON.parse(await kept.text()) as { series: Series[] };
  const most = options.max_series ?? 200;
  if (stored.length > most) {
    throw new CountersignError('EVIDENCE_TOO_LARGE', `the query gave ${stored.length} series, over ${most}`, {
      hint: 'aggregate in the query, or raise `max_series`',
    });
  }
  const { series, nonFinite } = readSeries(stored, options);
  if (series.length === 0 && !options.allow_empty) {
    throw new CountersignError('NO_DATA', `no series answers \`${query}\``, {
      hint: 'is it scraped, and are the labels right? Where nothing is right, declare `allow_empty` with a reason',
    });
  }
  const { age, empty } = await agesOf(prometheus, query, options, context.signal);
  const facts = {
    query,
    series,
    count: series.length,
    points: series.reduce((sum, { points }) => sum + points, 0),
    ...(series.length === 1 && { value: series[0]?.value ?? Number.NaN }),
    ...(series.length > 0 && {
      min: Math.min(...series.map(({ min }) => min)),
      max: Math.max(...series.map(({ max }) => max)),
    }),
    ...(age !== undefined && { age_seconds: age }),
    empty_selectors: empty,
    non_finite: nonFinite,
  };
  return { facts: redactFacts(facts, context.redact) };
}

async function ask(
  prometheus: PrometheusSource,
  query: string,
  { range }: Settings,
  { clock, signal }: CheckContext,
): Promise<Series[]> {
  if (!range) {
    const samples = await prometheus.instant(query, { signal });
    return samples.map(({ labels, at, value }) => ({ labels, points: [{ at, value }] }));
  }
  const end = clock.now();
  const start = new Date(end.getTime() - parseDuration(range.for));
  const step = parseDuration(range.step) / 1000;
  if (step === 0) throw new CountersignError('CONFIG_INVALID', 'a `step` of 0 has no points');
  return prometheus.range(query, { start, end, step, signal });
}

function readSeries(answer: Series[], options: Settings): { series: SeriesFact[]; nonFinite: number } {
  let nonFinite = 0;
  const series = answer.flatMap(({ labels, points }): SeriesFact[] => {
    const values = points.map(({ value }) => Number(value));
    const finite = values.filter(Number.isFinite);
    nonFinite += values.length - finite.length;
    const [first] = finite;
    const last = finite.at(-1);
    if (first === undefined || last === undefined) return [];
    const min = finite.reduce((a, b) => Math.min(a, b));
    const max = finite.reduce((a, b) => Math.max(a, b));
    return [{ labels, value: last, first, min, max, points: finite.length }];
  });
  if (nonFinite > 0 && !options.allow_non_finite) {
    throw new CountersignError('NO_DATA', `${nonFinite} of the values are NaN or infinite`, {
      hint: 'a division by zero, or a quantile of nothing; where that is right, declare `allow_non_finite` with a reason',
    });
  }
  return { series, nonFinite };
}

async function agesOf(
  prometheus: PrometheusSource,
  query: string,
  { range }: Settings,
  signal: AbortSignal,
): Promise<{ age: number | undefined; empty: string[] }> {
  const empty: string[] = [];
  let age: number | undefined;
  for (const { text, rangeMs } of findSelectors(query)) {
    const lookback = Math.max(rangeMs, range ? parseDuration(range.for) : 0);
    const found = await selectorAge(prometheus, text, lookback, signal);
    if (found === undefined) empty.push(text);
    else age = Math.max(age ?? found, found);
  }
  return { age, empty };
}
