import { CountersignError } from '../../errors.ts';
import { type CheckContext, defineCheck } from '../define.ts';
import { guard, redactFacts } from '../guard.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';
import { type Comparison, compareInDatabase, compareSides } from './compare.ts';
import { keepEvidence } from './evidence.ts';
import { ReconcileFacts } from './facts.ts';
import type { Rules } from './normalise.ts';
import { ReconcileOptions, type SideLabel } from './options.ts';
import { findMistakes, readRules, refuseMistakes } from './rules.ts';
import type { Side } from './side.ts';
import { openApiSide } from './side-api.ts';
import { openSqlSide } from './side-sql.ts';
import { createDescribe, summarise } from './summary.ts';

const defaultMaxRows = 200_000;
const defaultPasses = 4;

export default defineCheck({
  kind: 'reconcile',
  summary: 'Compare totals and rows of two sources of money, to the minor unit',
  options: ReconcileOptions,
  facts: ReconcileFacts,
  expect: ['breaks == 0', 'left.total_minor == right.total_minor', 'left.rows == right.rows', 'explained'],
  effects: 'reads',
  lint(options, context) {
    for (const { path, message, hint } of findMistakes(options)) context.report(path, message, hint);
    const { left, right } = options;
    const filled = {
      left: { api: left.api, params: left.sql?.params },
      right: { api: right.api, params: right.sql?.params },
    };
    lintTemplates(filled, context, ['window.']);
  },
  measure: (options, context) =>
    guard(context, 'INTERNAL', () => untilStopped(context.signal, reconcile(options, context))),
});

/** Two busy servers may take their time to cancel a query; whoever said stop does not wait for them. */
async function untilStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function reconcile(
  options: ReconcileOptions,
  context: CheckContext,
): Promise<{ facts: ReconcileFacts }> {
  refuseMistakes(options);
  const startedAt = context.clock.now();
  const zone = options.window?.zone ?? context.environment.zone;
  const rules = readRules(options, zone, startedAt);
  const tolerance = BigInt(options.tolerance ?? 0);
  const [left, right] = await Promise.all([
    openSide('left', options, rules, context),
    openSide('right', options, rules, context),
  ]);
  const settings = {
    maxRows: options.max_rows ?? defaultMaxRows,
    passes: options.passes ?? defaultPasses,
    tolerance,
    scaleOf: scaleReader(options),
    signal: context.signal,
  };
  const inDatabase = await compareInDatabase(left, right, settings);
  const comparison = inDatabase ?? (await compareSides(left, right, settings));
  refuseNothing(options, { left, right }, comparison);
  const finishedAt = context.clock.now();
  const describe = createDescribe(options.mask_keys ?? false, finishedAt);
  const basis = options.left.columns.sign === 'gross' ? 'gross' : 'net';
  const { facts, buckets } = summarise({
    left,
    right,
    basis,
    tolerance,
    inDatabase: inDatabase !== undefined,
    comparison,
    describe,
    redact: context.redact,
  });
  const common = {
    compared_by: ['key', 'amount', 'currency', ...dimensionNames(rules)],
    window: { zone, from: edgeText(rules.from), to: edgeText(rules.to) },
    started_at: startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
  };
  const definition = {
    left: left.definition,
    right: right.definition,
    ...common,
    ignore: options.ignore ?? [],
  };
  await keepEvidence(context, { breaks: comparison.list, buckets, definition }, describe);
  return { facts: redactFacts({ ...facts, ...common }, context.redact) };
}

async function openSide(
  label: SideLabel,
  options: ReconcileOptions,
  rules: Rules,
  context: CheckContext,
): Promise<Side> {
  const { name = label, sql, api, columns } = options[label];
  const own = new Map([
    ['window.from', edgeText(rules.from)],
    ['window.to', edgeText(rules.to)],
  ]);
  if (api) {
    return openApiSide({
      label,
      name,
      api: await interpolate(api, context, own),
      columns,
      rules,
      source: await context.sources.http(api.source),
      maxRows: options.max_rows ?? defaultMaxRows,
      passes: options.passes ?? defaultPasses,
      progress: context.progress,
    });
  }
  if (!sql) throw new CountersignError('CONFIG_INVALID', `${label}: a side has either \`sql\` or \`api\``);
  // the query text stays as written: a template in SQL would be an injection
  const params = await interpolate(sql.params ?? [], context, own);
  const source = await context.sources.postgres(sql.source);
  return openSqlSide({ label, name, sql: { ...sql, params }, columns, rules, source }, context.signal);
}

/** Two empty sides agree about nothing. */
function refuseNothing(
  options: ReconcileOptions,
  sides: Record<SideLabel, Side>,
  comparison: Comparison,
): void {
  for (const label of ['left', 'right'] as const) {
    const { rows, scanned } = comparison[label];
    if (rows > 0 || options.allow_empty === label || options.allow_empty === 'both') continue;
    const why = scanned > 0 ? ` that count: all ${scanned} are outside the window or ignored` : '';
    throw new CountersignError('NO_DATA', `${sides[label].name}: there are no rows${why}`, {
      hint: `if that is right, declare \`allow_empty: ${label}\``,
    });
  }
}

function scaleReader({ left }: ReconcileOptions): (currency: string) => number {
  const scale = left.columns.scale ?? 2;
  return (currency) => (typeof scale === 'number' ? scale : (scale[currency] ?? 2));
}

function dimensionNames({ dimensions }: Rules): string[] {
  const { type, status, at } = dimensions;
  return [...(type ? ['type'] : []), ...(status ? ['status'] : []), ...(at ? ['at'] : [])];
}

function edgeText(at: number | undefined): string {
  return at === undefined ? '' : new Date(at).toISOString();
}
