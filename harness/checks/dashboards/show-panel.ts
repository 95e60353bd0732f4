import { CountersignError } from '../../errors.ts';
import type { PrometheusSource } from '../../sources/define.ts';
import { findSelectors, findSyntaxError } from '../../sources/promql-syntax.ts';
import { selectorAge } from '../../sources/sample-age.ts';
import { type Static, Type } from '../../type.ts';
import type { Dashboard, Panel, Target } from './dashboard-file.ts';
import { combinations, escaped, findVariables, substitute, type Values, type Window } from './variables.ts';

export const PanelFact = Type.Object({
  dashboard: Type.String(),
  title: Type.String(),
  type: Type.String(),
  queries: Type.Integer({ description: 'PromQL queries; log queries are unchecked' }),
  series: Type.Integer({ description: 'with a value, over all combinations of variables' }),
  fresh: Type.Boolean(),
  age_seconds: Type.Optional(Type.Number({ description: 'of the stalest selector behind the panel' })),
  error: Type.String({ description: 'the first refusal of Prometheus' }),
  empty: Type.Array(Type.String(), { description: 'queries, or combinations of values, without a series' }),
  idle: Type.Array(Type.String(), { description: 'with series, but without a number: all is NaN' }),
  unparsable: Type.Array(Type.String()),
  unchecked: Type.Integer({ description: 'queries that Prometheus does not answer' }),
  problems: Type.Array(Type.String()),
});

export interface QueryRecord {
  panel: string;
  query: string;
  /** With at least one number. */
  series: number;
  points: number;
}

export interface Asking {
  prometheus: PrometheusSource;
  window: Window;
  values: Values;
  signal: AbortSignal;
  maxAgeMs: number;
  maxCombinations: number;
  everyValue: boolean;
  records: QueryRecord[];
}

type PanelFact = Static<typeof PanelFact>;

export async function showPanel(dashboard: Dashboard, panel: Panel, asking: Asking): Promise<PanelFact> {
  const fact: PanelFact = {
    dashboard: dashboard.title,
    title: panel.title,
    type: panel.type,
    queries: 0,
    series: 0,
    fresh: false,
    error: '',
    empty: [],
    idle: [],
    unparsable: [],
    unchecked: 0,
    problems: [...panel.problems],
  };
  for (const target of panel.targets) {
    if (target.language === 'promql') await showQuery(fact, target, asking);
    else lookAtOther(fact, target);
  }
  const age = fact.age_seconds;
  fact.fresh = age !== undefined && age * 1000 <= asking.maxAgeMs && fact.series > 0 && fact.error === '';
  return fact;
}

/** LogQL has no parser here: only its stream selector is looked at. */
function lookAtOther(fact: PanelFact, { language, expr }: Target): void {
  fact.unchecked += 1;
  if (language === 'logql' && expr && !/^[\s\S]*\{[^{}]*\}/.test(expr)) {
    fact.unparsable.push(`${fact.title}: ${expr} (no stream selector)`);
  }
}

async function showQuery(fact: PanelFact, { expr }: Target, asking: Asking): Promise<void> {
  fact.queries += 1;
  const used = findVariables(expr, asking.window);
  const undefinedOnes = used.filter((name) => !asking.values.has(name));
  if (undefinedOnes.length > 0) {
    fact.problems.push(`the variable \`${undefinedOnes.join('`, `')}\` is not defined`);
    return;
  }
  const chosen = combinations(used, asking.values);
  if (chosen.length > asking.maxCombinations) {
    fact.problems.push(
      `${chosen.length} combinations of values, of which ${asking.maxCombinations} were run`,
    );
  }
  const without = { empty: [] as string[], idle: [] as string[] };
  let shown = 0;
  for (const values of chosen.slice(0, asking.maxCombinations)) {
    const query = substitute(expr, escaped(values), asking.window);
    const wrong = findSyntaxError(query);
    if (wrong) {
      fact.unparsable.push(`${fact.title}: ${query} (column ${wrong.column})`);
      return;
    }
    const { answered, series } = await run(fact, query, asking);
    shown += series;
    if (series === 0) without[answered ? 'idle' : 'empty'].push(`${fact.title}${nameOf(values)}`);
  }
  fact.series += shown;
  if (chosen.length === 0) fact.empty.push(fact.title);
  else if (asking.everyValue || shown === 0) {
    fact.empty.push(...without.empty);
    fact.idle.push(...without.idle);
  }
}

interface Shown {
  answered: boolean;
  series: number;
}

/** How many series have a number in the range; what Prometheus refuses is kept, what does not answer throws. */
async function run(fact: PanelFact, query: string, asking: Asking): Promise<Shown> {
  const { prometheus, window, signal } = asking;
  try {
    const answer = await prometheus.range(query, {
      start: window.start,
      end: window.end,
      step: window.stepMs / 1000,
      signal,
    });
    const points = answer.map(
      (series) => series.points.filter(({ value }) => Number.isFinite(Number(value))).length,
    );
    const series = points.filter((count) => count > 0).length;
    asking.records.push({ panel: fact.title, query, series, points: points.reduce((a, b) => a + b, 0) });
    await addAge(fact, query, asking);
    return { answered: answer.length > 0, series };
  } catch (thrown) {
    if (!(thrown instanceof CountersignError) || thrown.code !== 'SOURCE_ANSWER') throw thrown;
    fact.error ||= thrown.message;
    return { answered: false, series: 0 };
  }
}

async function addAge(fact: PanelFact, query: string, { prometheus, window, signal }: Asking): Promise<void> {
  const rangeMs = window.end.getTime() - window.start.getTime();
  for (const selector of findSelectors(query)) {
    const age = await selectorAge(prometheus, selector.text, Math.max(rangeMs, selector.rangeMs), signal);
    if (age !== undefined) fact.age_seconds = Math.max(fact.age_seconds ?? age, age);
  }
}

function nameOf(values: ReadonlyMap<string, string>): string {
  const named = [...values].map(([name, value]) => `${name}=${value}`);
  return named.length > 0 ? ` [${named.join(', ')}]` : '';
}
