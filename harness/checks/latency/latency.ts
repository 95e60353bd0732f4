import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseDuration } from '../../config/duration.ts';
import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, DurationText, defineCheck, Instant, Options } from '../define.ts';
import { guard, redactFacts } from '../guard.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';
import { lintFile } from '../lint-file.ts';
import { chartFile } from '../window-chart.ts';
import { ComparisonSchema, compareRuns, type Planned } from './compare.ts';
import { readEarlierRun } from './earlier.ts';
import { LoadSchema, mainScript } from './main-script.ts';
import { type K6, type Plan, planOf, readSummaryFile, runLoad } from './run-k6.ts';
import { mostWindows, readSeries, type Series, seriesCsv, type Window } from './series.ts';
import { readSummary } from './summary.ts';

const LatencyOptions = Options({
  script: Type.String({ minLength: 1, description: 'k6 script of the project, .ts or .js' }),
  source: Type.Optional(
    Type.String({ description: 'http source whose URL the script gets as BASE_URL; default the only one' }),
  ),
  env: Type.Optional(
    Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), Type.String(), {
      description: 'what the script reads as __ENV',
    }),
  ),
  ...LoadSchema.properties,
  thresholds: Type.Optional(
    Type.Record(Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }), {
      description: "metric: k6 expressions; replaces the script's own",
    }),
  ),
  window: Type.Optional(DurationText({ description: 'whole seconds; percentiles for each; default 10s' })),
  compare: Type.Optional(
    Type.String({ minLength: 1, description: 'an earlier run: a file with its facts, or its folder' }),
  ),
  max_vus: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000, description: 'a larger load is refused; default 50' }),
  ),
  max_duration: Type.Optional(
    DurationText({ description: 'a longer load is refused, 4h at most; default 15m' }),
  ),
  allow_remote: Type.Optional(
    Type.Boolean({
      description: 'the load may leave this machine; without effect on a local stack; default false',
    }),
  ),
});

export type LatencySettings = Static<typeof LatencyOptions>;

const WindowSchema = Type.Object({
  start: Instant(),
  requests: Type.Integer(),
  errors: Type.Integer(),
  p50_ms: Type.Number(),
  p95_ms: Type.Number(),
  p99_ms: Type.Number(),
  max_ms: Type.Number(),
});

/** The maximum that k6 itself puts on a number of iterations is half a minute over 10m. */
const defaultMaxDuration = '15m';
const longestLoadMs = 4 * 3_600_000;
const defaultMaxVus = 50;

export default defineCheck({
  kind: 'latency',
  summary: 'Put a bounded load of k6 on a service and measure percentiles, over all and per window',
  options: LatencyOptions,
  facts: Type.Object({
    requests: Type.Integer(),
    iterations: Type.Integer(),
    dropped_iterations: Type.Integer({ description: 'iterations that k6 could not begin in time' }),
    exceptions: Type.Integer({ description: 'iterations that the script itself ended with an exception' }),
    errors: Type.Integer({ description: 'requests that k6 counts as failed' }),
    error_rate: Type.Number({ description: 'errors per request, 0 to 1' }),
    rate: Type.Number({ description: 'requests per second' }),
    min_ms: Type.Number(),
    avg_ms: Type.Number(),
    p50_ms: Type.Number(),
    p90_ms: Type.Number(),
    p95_ms: Type.Number(),
    p99_ms: Type.Number(),
    max_ms: Type.Number(),
    checks: Type.Array(Type.Object({ name: Type.String(), passes: Type.Integer(), fails: Type.Integer() })),
    checks_failed: Type.Integer(),
    thresholds: Type.Array(
      Type.Object({ metric: Type.String(), expression: Type.String(), ok: Type.Boolean() }),
    ),
    thresholds_failed: Type.Integer(),
    windows: Type.Array(WindowSchema, { description: 'in order, each of `window_ms`' }),
    worst_window: Type.Object(WindowSchema.properties, { description: 'the one with the highest p95' }),
    window_ms: Type.Integer(),
    comparisons: Type.Array(ComparisonSchema, { description: 'with `compare`: p50, p95, p99; else empty' }),
    script: Type.String(),
    script_sha256: Type.String(),
    load: Type.String({ description: 'the scenarios of k6 as JSON' }),
    max_vus: Type.Integer({ description: 'virtual users that the load may use' }),
    duration_ms: Type.Integer(),
  }),
  expect: [
    'errors == 0',
    'checks_failed == 0',
    'thresholds_failed == 0',
    'exceptions == 0',
    'dropped_iterations == 0',
  ],
  effects: 'writes',
  tools: ['k6'],
  async lint(options, context) {
    lintTemplates(options.env, {
      ...context,
      report: (path, ...rest) => context.report(['env', ...path], ...rest),
    });
    await lintFile(context, 'script', options.script);
    if (options.compare) await lintFile(context, 'compare', options.compare);
    const problem = shapeProblem(options);
    if (problem) context.report(problem.path, problem.message);
  },
  measure: (options, context) =>
    guard(context, 'SCRIPT_FAILED', async () => {
      const problem = shapeProblem(options);
      if (problem) throw new CountersignError('CONFIG_INVALID', problem.message);
      const folder = await mkdtemp(join(tmpdir(), 'countersign-latency-'));
      try {
        return await measure(options, context, folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }),
});

function shapeProblem(options: LatencySettings): { path: string[]; message: string } | undefined {
  if (options.rate !== undefined && options.iterations !== undefined) {
    return { path: ['rate'], message: 'give either `rate` or `iterations`' };
  }
  const window = windowOf(options);
  if (window < 1_000 || window % 1_000 !== 0) {
    return { path: ['window'], message: '`window` is a number of whole seconds' };
  }
  if (parseDuration(options.max_duration ?? defaultMaxDuration) > longestLoadMs) {
    return { path: ['max_duration'], message: '`max_duration` is 4h at most' };
  }
  return undefined;
}

const windowOf = (options: LatencySettings) => parseDuration(options.window ?? '10s');

async function measure(options: LatencySettings, context: CheckContext, folder: string) {
  const text = await readScript(options.script, context);
  const env = await environmentOf(options, context);
  const k6: K6 = { file: await context.tool('k6'), folder, env, context };
  const main = join(folder, 'main.js');
  const files = { summary: join(folder, 'summary.json'), series: join(folder, 'series.csv.gz') };
  await writeFile(main, mainScriptOf(options, context, files.summary));
  const plan = await planOf(k6, main);
  refuseTooMuch(plan, options);
  // Before the load: an hour of it should not end with a word about a missing file.
  const planned: Planned = {
    script: options.script,
    script_sha256: createHash('sha256').update(text).digest('hex'),
    load: plan.load,
    window_ms: windowOf(options),
  };
  const earlier = options.compare ? await readEarlierRun(options.compare, planned, context) : undefined;
  const log = await runLoad(k6, main, files.series);
  const stored = await context.artifact(
    'summary.json',
    await readSummaryFile(files.summary),
    'application/json',
  );
  const summary = readSummary(await stored.text());
  const stepMs = plan.totalMs <= mostWindows * 1_000 ? 1_000 : windowOf(options);
  const series = await readSeries(files.series, stepMs);
  await keepSeries(series, options.script, context);
  await context.artifact(`script-${basename(options.script)}`, text);
  const windows = windowsOf(series, summary.requests, planned.window_ms);
  const facts = {
    ...summary,
    exceptions: log.exceptions,
    thresholds_failed: summary.thresholds.filter(({ ok }) => !ok).length,
    windows,
    worst_window: worstOf(windows),
    ...planned,
    max_vus: plan.maxVus,
  };
  const comparisons = earlier ? compareRuns(earlier, facts) : [];
  return { facts: redactFacts({ ...facts, comparisons }, context.redact) };
}

async function readScript(script: string, context: CheckContext): Promise<string> {
  return readFile(context.resolve(script), 'utf8').catch(() => {
    throw new CountersignError('CONFIG_MISSING', `there is no file \`${script}\``);
  });
}

function mainScriptOf(options: LatencySettings, context: CheckContext, summaryFile: string): string {
  const { vus, duration, iterations, rate } = options;
  return mainScript({
    script: context.resolve(options.script),
    load: {
      ...(vus === undefined ? {} : { vus }),
      ...(duration === undefined ? {} : { duration }),
      ...(iterations === undefined ? {} : { iterations }),
      ...(rate === undefined ? {} : { rate }),
    },
    maxVus: options.max_vus ?? defaultMaxVus,
    thresholds: options.thresholds,
    remote: mayLeave(options, context),
    summaryFile,
  });
}

/** Secrets reach k6 through its environment only: arguments are visible to every user of the machine. */
async function environmentOf(
  options: LatencySettings,
  context: CheckContext,
): Promise<Record<string, string>> {
  const { url } = await context.sources.http(options.source);
  if (!mayLeave(options, context) && !isLoopback(url)) {
    throw new CountersignError('CONFIG_INVALID', `a load on ${new URL(url).host} is refused`, {
      hint: context.environment.local
        ? 'it is not this machine, which the load of a local stack never leaves'
        : 'it is not this machine: `allow_remote: true` says that you may load it',
    });
  }
  return { ...(await interpolate(options.env ?? {}, context)), BASE_URL: url.replace(/\/$/, '') };
}

/** One item is for the local stack and for the environment after it: at home the load stays at home. */
function mayLeave(options: LatencySettings, { environment }: CheckContext): boolean {
  return options.allow_remote === true && !environment.local;
}

function isLoopback(url: string): boolean {
  return /^(localhost|127(\.[0-9]+){3}|\[::1\])$/.test(new URL(url).hostname);
}

function refuseTooMuch(plan: Plan, options: LatencySettings): void {
  const maxVus = options.max_vus ?? defaultMaxVus;
  const maxDuration = options.max_duration ?? defaultMaxDuration;
  const tooMuch = (what: string, option: string) =>
    new CountersignError('CONFIG_INVALID', `the load is refused: ${what}`, {
      hint: `make it smaller, or raise \`${option}\` if the service can bear it`,
    });
  if (plan.maxVus > maxVus) throw tooMuch(`${plan.maxVus} virtual users, over ${maxVus}`, 'max_vus');
  if (plan.totalMs > parseDuration(maxDuration)) {
    throw tooMuch(`up to ${plan.totalMs / 1_000} s, over ${maxDuration}`, 'max_duration');
  }
  if (plan.totalMs / windowOf(options) > mostWindows) {
    throw new CountersignError(
      'CONFIG_INVALID',
      `a window of ${options.window ?? '10s'} is too short for this load`,
      {
        hint: `there may be ${mostWindows} windows at most`,
      },
    );
  }
}

async function keepSeries(series: Series, script: string, context: CheckContext): Promise<void> {
  const points = series.windows(series.stepMs);
  await context.artifact('series.csv', seriesCsv(points), 'text/csv');
  const chart = chartFile(points, `${context.item}: ${script}`);
  await context.artifact('latency.svg', chart, 'image/svg+xml');
}

function windowsOf(series: Series, requests: number, windowMs: number): Window[] {
  if (series.requests !== requests) {
    throw new CountersignError(
      'SOURCE_ANSWER',
      `k6 counted ${requests} requests, but its time series holds ${series.requests}`,
    );
  }
  const windows = series.windows(windowMs);
  const empty = windows.find((window) => window.requests === 0);
  if (empty) {
    throw new CountersignError(
      'NO_DATA',
      `no request ended in the ${windowMs / 1_000} s from ${empty.start}`,
      {
        hint: 'either the service hung, or `window` is too short for so few requests; the chart shows which',
      },
    );
  }
  return windows;
}

function worstOf(windows: readonly Window[]): Window {
  const [first, ...others] = windows;
  if (!first) throw new CountersignError('NO_DATA', 'the time series is empty');
  return others.reduce((worst, window) => (window.p95_ms > worst.p95_ms ? window : worst), first);
}
