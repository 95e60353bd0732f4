import { CountersignError } from '../../errors.ts';
import { isObject, type JsonObject } from '../json.ts';
import { begunMetric } from './main-script.ts';
import { round } from './series.ts';

/** The part of the facts that k6 itself computed, over the whole run. */
export interface Summary {
  requests: number;
  iterations: number;
  dropped_iterations: number;
  errors: number;
  error_rate: number;
  rate: number;
  min_ms: number;
  avg_ms: number;
  p50_ms: number;
  p90_ms: number;
  p95_ms: number;
  p99_ms: number;
  max_ms: number;
  checks: { name: string; passes: number; fails: number }[];
  checks_failed: number;
  thresholds: { metric: string; expression: string; ok: boolean }[];
  duration_ms: number;
}

/** Reads what `handleSummary` was given, where `ok: true` means that a threshold holds. Half of a summary is none. */
export function readSummary(text: string): Summary {
  const data = parse(text);
  const metrics = objectAt(data, 'metrics');
  if (!isObject(metrics['http_reqs'])) throw noData('the script made no HTTP request');
  const requests = statOf(metrics, 'http_reqs', 'count');
  if (requests === 0) throw noData('the script made no HTTP request');
  const checks = checksIn(objectAt(data, 'root_group'));
  if (checks.reduce((sum, { passes, fails }) => sum + passes + fails, 0) === 0) {
    throw noData('no `check()` of the script was evaluated, so nothing says that the answers were right');
  }
  const iterations = optional(metrics, 'iterations', 'count');
  refuseCutOff(optional(metrics, begunMetric, 'count') - iterations);
  const latency = (stat: string) => round(statOf(metrics, 'http_req_duration', stat));
  return {
    requests,
    iterations,
    dropped_iterations: optional(metrics, 'dropped_iterations', 'count'),
    // `passes` of this rate counts the requests that did fail.
    errors: statOf(metrics, 'http_req_failed', 'passes'),
    error_rate: statOf(metrics, 'http_req_failed', 'rate'),
    rate: round(statOf(metrics, 'http_reqs', 'rate')),
    min_ms: latency('min'),
    avg_ms: latency('avg'),
    p50_ms: latency('p(50)'),
    p90_ms: latency('p(90)'),
    p95_ms: latency('p(95)'),
    p99_ms: latency('p(99)'),
    max_ms: latency('max'),
    checks,
    checks_failed: checks.reduce((sum, { fails }) => sum + fails, 0),
    thresholds: thresholdsIn(metrics),
    duration_ms: Math.round(numberIn(objectAt(data, 'state'), 'testRunDurationMs', 'state')),
  };
}

function parse(text: string): JsonObject {
  try {
    const data: unknown = JSON.parse(text);
    if (isObject(data)) return data;
  } catch {
    // Said below, with what it means.
  }
  throw shape('it is not a JSON object');
}

function objectAt(from: JsonObject, key: string): JsonObject {
  const found = from[key];
  if (!isObject(found)) throw shape(`\`${key}\` is missing`);
  return found;
}

function statOf(metrics: JsonObject, metric: string, stat: string): number {
  return numberIn(objectAt(objectAt(metrics, metric), 'values'), stat, metric);
}

/** k6 leaves out counters that never counted anything. */
function optional(metrics: JsonObject, metric: string, stat: string): number {
  return metrics[metric] === undefined ? 0 : statOf(metrics, metric, stat);
}

function numberIn(from: JsonObject, key: string, where: string): number {
  const value = from[key];
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw shape(`\`${key}\` of \`${where}\` is ${JSON.stringify(value) ?? 'missing'}, not a number`);
  }
  return value;
}

function checksIn(group: JsonObject): Summary['checks'] {
  const own = listIn(group, 'checks').map((check) => ({
    // `::group::name`
    name: String(check['path'] ?? check['name']).replace(/^::/, ''),
    passes: numberIn(check, 'passes', 'checks'),
    fails: numberIn(check, 'fails', 'checks'),
  }));
  return [...own, ...listIn(group, 'groups').flatMap(checksIn)];
}

function listIn(group: JsonObject, key: string): JsonObject[] {
  const list = group[key];
  if (!Array.isArray(list) || !list.every(isObject)) throw shape(`\`${key}\` of a group is not a list`);
  return list;
}

function thresholdsIn(metrics: JsonObject): Summary['thresholds'] {
  return Object.keys(metrics)
    .sort()
    .flatMap((metric) => {
      const { thresholds } = objectAt(metrics, metric);
      if (thresholds === undefined) return [];
      refuseWithoutSamples(metrics, metric);
      const found = objectAt(objectAt(metrics, metric), 'thresholds');
      return Object.keys(found).map((expression) => {
        const ok = objectAt(found, expression)['ok'];
        if (typeof ok !== 'boolean') throw shape(`the threshold \`${expression}\` has no outcome`);
        return { metric, expression, ok };
      });
    });
}

/** To k6 a latency threshold over no samples holds, since every percentile of nothing is 0. */
function refuseWithoutSamples(metrics: JsonObject, metric: string): void {
  const { type } = objectAt(metrics, metric);
  const values = objectAt(objectAt(metrics, metric), 'values');
  const samples =
    type === 'rate' ? numberIn(values, 'passes', metric) + numberIn(values, 'fails', metric) : 1;
  const count = type === 'trend' ? numberIn(values, 'count', metric) : samples;
  if (count === 0) {
    throw noData(`the threshold on \`${metric}\` judged no sample; k6 would let it pass`);
  }
}

/** Their requests stand in no figure of k6: a service that hangs would look as fast as it was before. */
function refuseCutOff(iterations: number): void {
  if (iterations <= 0) return;
  throw new CountersignError(
    'NO_DATA',
    `${iterations} iterations had not ended when the time after the load was over, and nothing is known of them`,
    { hint: 'either the service hung, or an iteration needs longer than the `gracefulStop` of its scenario' },
  );
}

function noData(message: string): CountersignError {
  return new CountersignError('NO_DATA', message);
}

function shape(why: string): CountersignError {
  return new CountersignError('SOURCE_ANSWER', `the summary of k6 is not what it should be: ${why}`);
}
