import { parseDuration } from '../../config/duration.ts';
import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, DurationText, defineCheck, Options } from '../define.ts';
import { guard, redactFacts } from '../guard.ts';
import { type Dashboard, readDashboards } from './dashboard-file.ts';
import { type Asking, PanelFact, type QueryRecord, showPanel } from './show-panel.ts';
import { resolveVariables, type Window } from './variables.ts';

const DashboardsOptions = Options({
  source: Type.Optional(Type.String({ description: 'name of a Prometheus of the environment' })),
  files: Type.Array(Type.String(), { minItems: 1, description: 'globs of dashboard files of the project' }),
  panels: Type.Optional(
    Type.Array(Type.String(), {
      minItems: 1,
      description: 'titles that must be there; others are checked too',
    }),
  ),
  within: Type.Optional(DurationText({ description: 'time range that the panels show; default 15m' })),
  max_age: Type.Optional(DurationText({ description: 'of the newest sample behind a panel; default 5m' })),
  rate_interval: Type.Optional(DurationText({ description: 'for `$__rate_interval`; default 1m' })),
  variables: Type.Optional(
    Type.Record(Type.String(), Type.Array(Type.String(), { minItems: 1 }), {
      description: 'values to choose, instead of all that the dashboard offers',
    }),
  ),
  every_value: Type.Optional(
    Type.Boolean({ description: 'each combination of values must show data, not only one; default true' }),
  ),
  max_combinations: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000, description: 'of values, for one query; default 50' }),
  ),
  except: Type.Optional(
    Type.Array(Options({ panel: Type.String(), reason: Type.String({ minLength: 1 }) }), {
      description: 'panels that may be empty or stale',
    }),
  ),
});

const texts = () => Type.Array(Type.String());
type Settings = Static<typeof DashboardsOptions>;

export default defineCheck({
  kind: 'dashboards',
  summary: 'Run every query of Grafana dashboards against Prometheus and see that panels show fresh data',
  options: DashboardsOptions,
  facts: Type.Object({
    dashboards: Type.Array(Type.Object({ file: Type.String(), uid: Type.String(), title: Type.String() })),
    panels: Type.Array(PanelFact),
    queries_run: Type.Integer(),
    missing_panels: texts(),
    problems: texts(),
    unparsable: texts(),
    failing: texts(),
    empty: texts(),
    idle: texts(),
    stale: texts(),
    unchecked: texts(),
    excepted: texts(),
  }),
  expect: [
    'queries_run > 0',
    'size(missing_panels) == 0',
    'size(problems) == 0',
    'size(unparsable) == 0',
    'size(failing) == 0',
    'size(empty) == 0',
    'size(idle) == 0',
    'size(stale) == 0',
  ],
  effects: 'reads',
  measure: (options, context) => guard(context, 'SOURCE_ANSWER', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const dashboards = await readDashboards(options.files, context);
  const records: QueryRecord[] = [];
  const panels: Static<typeof PanelFact>[] = [];
  const problems = structuralProblems(dashboards);
  for (const dashboard of dashboards) {
    const shown = await showDashboard(dashboard, options, context);
    panels.push(...shown.panels);
    problems.push(...shown.problems);
    records.push(...shown.records);
  }
  await context.artifact('queries.json', JSON.stringify(records, null, 2), 'application/json');
  if (panels.length === 0) throw new CountersignError('NO_DATA', 'the dashboards hold no panel');
  const excepted = options.except?.map(({ panel }) => panel) ?? [];
  const judged = panels.filter(({ title, queries }) => queries > 0 && !excepted.includes(title));
  const titles = new Set(panels.map(({ title }) => title));
  const facts = {
    dashboards: dashboards.map(({ file, uid, title }) => ({ file, uid, title })),
    panels,
    queries_run: records.length,
    missing_panels: (options.panels ?? []).filter((title) => !titles.has(title)),
    problems: [
      ...problems,
      ...panels.flatMap((panel) => panel.problems.map((each) => `${panel.title}: ${each}`)),
    ],
    unparsable: panels.flatMap(({ unparsable }) => unparsable),
    failing: panels.filter(({ error }) => error !== '').map(({ title, error }) => `${title}: ${error}`),
    empty: judged.flatMap(({ empty }) => empty),
    idle: judged.flatMap(({ idle }) => idle),
    stale: judged
      .filter(({ fresh, empty, idle }) => !fresh && empty.length + idle.length === 0)
      .map(({ title }) => title),
    unchecked: panels.filter(({ unchecked }) => unchecked > 0).map(({ title }) => title),
    excepted,
  };
  return { facts: redactFacts(facts, context.redact) };
}

async function showDashboard(dashboard: Dashboard, options: Settings, context: CheckContext) {
  const { clock, signal } = context;
  const prometheus = await context.sources.prometheus(options.source);
  const end = clock.now();
  const rangeMs = parseDuration(options.within ?? '15m');
  const window: Window = {
    start: new Date(end.getTime() - rangeMs),
    end,
    rateIntervalMs: parseDuration(options.rate_interval ?? '1m'),
    stepMs: Math.max(1_000, Math.ceil(rangeMs / 200)),
  };
  const { values, problems } = await resolveVariables(dashboard.variables, options.variables ?? {}, {
    prometheus,
    window,
    signal,
  });
  const asking: Asking = {
    prometheus,
    window,
    values,
    signal,
    maxAgeMs: parseDuration(options.max_age ?? '5m'),
    maxCombinations: options.max_combinations ?? 50,
    everyValue: options.every_value ?? true,
    records: [],
  };
  const panels: Static<typeof PanelFact>[] = [];
  for (const panel of dashboard.panels) {
    context.progress(panel.title);
    panels.push(await showPanel(dashboard, panel, asking));
  }
  return {
    panels,
    problems: problems.map((problem) => `${dashboard.file}: ${problem}`),
    records: asking.records,
  };
}

function structuralProblems(dashboards: Dashboard[]): string[] {
  const uids = repeated(dashboards.map(({ uid }) => uid)).map(
    (uid) => `two dashboards have the uid \`${uid}\``,
  );
  const ids = dashboards.flatMap(({ file, panels }) =>
    repeated(panels.map(({ id }) => id)).map((id) => `${file}: two panels have the id ${id}`),
  );
  const untitled = dashboards.flatMap(({ file, title }) => (title ? [] : [`${file}: it has no title`]));
  return [...uids, ...ids, ...untitled];
}

function repeated<T>(values: T[]): T[] {
  return [...new Set(values.filter((value, at) => value && values.indexOf(value) !== at))];
}
