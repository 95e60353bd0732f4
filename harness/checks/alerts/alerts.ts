import { parseDuration } from '../../config/duration.ts';
import { CountersignError } from '../../errors.ts';
import type { AlertmanagerSource, PrometheusSource, RuleState } from '../../sources/define.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, DurationText, defineCheck, Options } from '../define.ts';
import { guard, redactFacts } from '../guard.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';
import { findArmament } from './armed.ts';
import { type Clocks, type Comparison, compareRules } from './compare.ts';
import { readRuleFiles, type WrittenRule } from './rule-files.ts';

const AlertsOptions = Options({
  source: Type.Optional(Type.String({ description: 'name of a Prometheus of the environment' })),
  alertmanager: Type.Optional(Type.String({ description: 'name of an Alertmanager of the environment' })),
  rules: Type.Array(Type.String(), { minItems: 1, description: 'globs of rule files of the project' }),
  alerts: Type.Optional(
    Type.Array(Type.String(), { minItems: 1, description: 'names to look at; default all of the files' }),
  ),
  max_age: Type.Optional(DurationText({ description: 'since the last evaluation; default 2m' })),
  lookback: Type.Optional(
    DurationText({ description: 'a selector with a sample so young has data; default 5m' }),
  ),
  divided_by: Type.Optional(
    Type.Union([Type.Number({ minimum: 1 }), Type.String({ pattern: '\\$\\{' })], {
      description:
        'how much shorter the waits and ranges of the loaded rules are; default: as the local stack runs',
    }),
  ),
  least_range: Type.Optional(
    DurationText({ description: 'a divided range may be kept this long; default 4s' }),
  ),
  nothing_firing: Type.Optional(
    Type.Boolean({ description: 'look at every alert of Prometheus and of Alertmanager; default false' }),
  ),
  except: Type.Optional(
    Type.Array(Options({ alert: Type.String(), reason: Type.String({ minLength: 1 }) }), {
      description: 'alerts that may fire',
    }),
  ),
});

const Labels = Type.Record(Type.String(), Type.String());
const names = () => Type.Array(Type.String());

const AlertFact = Type.Object({
  name: Type.String(),
  state: Type.String({ description: 'inactive, pending, firing, unknown; absent when it is not loaded' }),
  health: Type.String(),
  error: Type.String({ description: 'of the last evaluation' }),
  evaluated_age_seconds: Type.Optional(Type.Number()),
  recent: Type.Boolean({ description: 'evaluated within `max_age`' }),
  armed: Type.Boolean({
    description: 'every selector has data and every quantile threshold is a bucket bound',
  }),
  empty_selectors: names(),
  threshold_problems: names(),
  matches_repo: Type.Boolean(),
  excepted: Type.Boolean({ description: 'listed under `except`' }),
});

const Active = Type.Object({ name: Type.String(), state: Type.String(), labels: Labels });

type Settings = Static<typeof AlertsOptions>;
type AlertFact = Static<typeof AlertFact>;

export default defineCheck({
  kind: 'alerts',
  summary: "Prove that alert rules are the project's own, healthy, armed and quiet",
  options: AlertsOptions,
  facts: Type.Object({
    alerts: Type.Array(AlertFact),
    rules_loaded: Type.Integer(),
    rules_written: Type.Integer(),
    missing: names(),
    unexpected: names(),
    differing: Type.Array(Type.Object({ name: Type.String(), fields: names() })),
    unarmed: names(),
    firing: Type.Array(Active, { description: 'without those of `except`' }),
    excepted: names(),
    alertmanager_asked: Type.Boolean(),
    alertmanager_active: Type.Array(Active, { description: 'silenced ones too; without those of `except`' }),
    divided_by: Type.Number(),
  }),
  expect: [
    'rules_loaded > 0',
    'size(missing) == 0',
    'size(unexpected) == 0',
    'size(differing) == 0',
    'size(alerts) > 0 && alerts.all(a, a.state == "inactive" || a.excepted)',
    'size(alerts) > 0 && alerts.all(a, a.health == "ok" && a.error == "")',
    'size(alerts) > 0 && alerts.all(a, a.recent)',
    'size(unarmed) == 0',
    'size(firing) == 0',
    'size(alertmanager_active) == 0',
  ],
  effects: 'reads',
  async lint(options, context) {
    lintTemplates(options, context);
  },
  measure: (options, context) => guard(context, 'SOURCE_ANSWER', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const clocks = await clocksOf(options, context);
  const written = await readRuleFiles(options.rules, context);
  const prometheus = await context.sources.prometheus(options.source);
  const kept = await context.artifact(
    'rules.json',
    JSON.stringify(await prometheus.rules(context.signal), null, 2),
    'application/json',
  );
  const loaded = JSON.parse(await kept.text()) as RuleState[];
  const comparison = compareRules(written, loaded, clocks);
  const wanted = wantedNames(options, written);
  const now = await serverTime(prometheus, context.signal);
  const alerts: AlertFact[] = [];
  for (const name of wanted) {
    context.progress(name);
    alerts.push(await alertFact(name, { options, context, prometheus, loaded, comparison, now }));
  }
  const excepted = new Set(options.except?.map(({ alert }) => alert));
  const inScope = ({ name }: { name: string }) =>
    !excepted.has(name) && (options.nothing_firing === true || wanted.includes(name));
  const facts = {
    alerts,
    rules_loaded: loaded.length,
    rules_written: written.length,
    ...comparison,
    unarmed: alerts.filter(({ armed }) => !armed).map(({ name }) => name),
    firing: firingIn(loaded).filter(inScope),
    excepted: [...excepted],
    alertmanager_asked: options.nothing_firing === true,
    alertmanager_active: options.nothing_firing
      ? (await activeIn(await context.sources.alertmanager(options.alertmanager), context)).filter(inScope)
      : [],
    divided_by: clocks.dividedBy,
  };
  return { facts: redactFacts(facts, context.redact) };
}

async function clocksOf(options: Settings, context: CheckContext): Promise<Clocks> {
  const filled = await interpolate(options.divided_by ?? context.environment.rehearse ?? 1, context);
  const dividedBy = Number(filled);
  if (!Number.isFinite(dividedBy) || dividedBy < 1) {
    throw new CountersignError('CONFIG_INVALID', `\`divided_by\` is ${filled}, not a number of at least 1`);
  }
  return { dividedBy, leastRangeMs: parseDuration(options.least_range ?? '4s') };
}

function wantedNames(options: Settings, written: WrittenRule[]): string[] {
  const known = written.filter(({ type }) => type === 'alerting').map(({ name }) => name);
  for (const name of options.alerts ?? []) {
    if (known.includes(name)) continue;
    throw new CountersignError('CONFIG_INVALID', `the rule files hold no alert \`${name}\``, {
      hint: `they hold ${known.join(', ') || 'none'}`,
    });
  }
  return [...new Set(options.alerts ?? known)];
}

/** The server judges its own clock, so that a skewed one here makes nothing look old or fresh. */
async function serverTime(prometheus: PrometheusSource, signal: AbortSignal): Promise<number> {
  const [time] = await prometheus.instant('time()', { signal });
  return Number(time?.value);
}

interface Looking {
  options: Settings;
  context: CheckContext;
  prometheus: PrometheusSource;
  loaded: RuleState[];
  comparison: Comparison;
  now: number;
}

async function alertFact(name: string, looking: Looking): Promise<AlertFact> {
  const { options, context, prometheus, loaded, comparison, now } = looking;
  const excepted = options.except?.some(({ alert }) => alert === name) ?? false;
  const rules = loaded.filter((rule) => rule.type === 'alerting' && rule.name === name);
  const [first] = rules;
  if (!first) return { ...absent, name, excepted };
  const lookbackMs = parseDuration(options.lookback ?? '5m');
  const arms = await Promise.all(
    rules.map(({ query }) => findArmament(prometheus, query, lookbackMs, context.signal)),
  );
  const empty = arms.flatMap((arm) => arm.empty);
  const thresholds = arms.flatMap((arm) => arm.thresholds);
  const age = Math.max(...rules.map(({ lastEvaluation }) => now - Date.parse(lastEvaluation) / 1000));
  const differs = [
    ...comparison.missing,
    ...comparison.unexpected,
    ...comparison.differing.map((d) => d.name),
  ];
  return {
    name,
    state: worst(rules.map(({ state }) => state)),
    health: rules.find(({ health }) => health !== 'ok')?.health ?? 'ok',
    error: rules.find(({ lastError }) => lastError !== '')?.lastError ?? '',
    evaluated_age_seconds: age,
    recent: age * 1000 <= parseDuration(options.max_age ?? '2m'),
    armed: empty.length === 0 && thresholds.length === 0,
    empty_selectors: empty,
    threshold_problems: thresholds,
    matches_repo: !differs.includes(name),
    excepted,
  };
}

const absent = {
  state: 'absent',
  health: 'absent',
  error: '',
  recent: false,
  armed: false,
  empty_selectors: [],
  threshold_problems: [],
  matches_repo: false,
};

/** Two rules may share a name: what is worst of them counts. */
function worst(states: RuleState['state'][]): RuleState['state'] {
  return (['unknown', 'firing', 'pending'] as const).find((state) => states.includes(state)) ?? 'inactive';
}

function firingIn(loaded: RuleState[]): Static<typeof Active>[] {
  return loaded.flatMap(({ name, alerts }) =>
    alerts.filter(({ state }) => state === 'firing').map(({ labels, state }) => ({ name, state, labels })),
  );
}

async function activeIn(
  alertmanager: AlertmanagerSource,
  context: CheckContext,
): Promise<Static<typeof Active>[]> {
  const active = await alertmanager.alerts(context.signal);
  const kept = await context.artifact(
    'alertmanager.json',
    JSON.stringify(active, null, 2),
    'application/json',
  );
  const stored = JSON.parse(await kept.text()) as typeof active;
  return stored.map(({ labels, state }) => ({ name: labels['alertname'] ?? '', state, labels }));
}
