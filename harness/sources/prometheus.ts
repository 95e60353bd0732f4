import { PrometheusDriver, type PrometheusQueryDate } from 'prometheus-query';
import { isShape } from '../config/validate.ts';
import { CountersignError, messageOf } from '../errors.ts';
import { type Static, type TSchema, Type } from '../type.ts';
import type { PrometheusSource, RuleState, Sample, Series } from './define.ts';

const Labels = Type.Record(Type.String(), Type.String());
const Point = Type.Tuple([Type.Number(), Type.String()]);
const Vector = Type.Object({
  resultType: Type.Literal('vector'),
  result: Type.Array(Type.Object({ metric: Labels, value: Point })),
});
const Scalar = Type.Object({ resultType: Type.Literal('scalar'), result: Point });
const Matrix = Type.Object({
  resultType: Type.Literal('matrix'),
  result: Type.Array(Type.Object({ metric: Labels, values: Type.Array(Point) })),
});
const Alert = Type.Object({
  labels: Labels,
  state: Type.String(),
  activeAt: Type.String(),
  value: Type.String(),
});
const Rule = Type.Object({
  type: Type.Union([Type.Literal('alerting'), Type.Literal('recording')]),
  name: Type.String(),
  query: Type.String(),
  duration: Type.Optional(Type.Number()),
  keepFiringFor: Type.Optional(Type.Number()),
  labels: Type.Optional(Labels),
  annotations: Type.Optional(Labels),
  state: Type.Optional(Type.String()),
  health: Type.String(),
  lastError: Type.Optional(Type.String()),
  lastEvaluation: Type.String(),
  alerts: Type.Optional(Type.Array(Alert)),
});
const Groups = Type.Object({
  groups: Type.Array(Type.Object({ name: Type.String(), file: Type.String(), rules: Type.Array(Rule) })),
});
const Targets = Type.Object({
  activeTargets: Type.Array(
    Type.Object({
      labels: Labels,
      health: Type.String(),
      lastScrape: Type.String(),
      lastError: Type.String(),
    }),
  ),
});
const Metadata = Type.Record(
  Type.String(),
  Type.Array(Type.Object({ type: Type.String(), help: Type.String(), unit: Type.String() })),
);

export interface PrometheusConfig {
  name: string;
  url: string;
  headers?: Record<string, string> | undefined;
  /** Milliseconds for one request. Default 30,000. */
  timeoutMs?: number | undefined;
}

type Ask = <S extends TSchema>(
  shape: S,
  signal: AbortSignal | undefined,
  call: (driver: PrometheusDriver) => Promise<unknown>,
) => Promise<Static<S>>;

/** The HTTP API of Prometheus, and of what speaks the same: Thanos, Mimir, VictoriaMetrics. */
export function createPrometheus(config: PrometheusConfig): PrometheusSource {
  const ask = asker(config);
  return {
    name: config.name,
    url: config.url,
    async instant(query, { at, signal } = {}) {
      const shape = Type.Union([Vector, Scalar, Matrix]);
      return samplesOf(await ask(shape, signal, (driver) => driver.instantQuery(query, at)));
    },
    async range(query, { start, end, step, signal }) {
      const answer = await ask(Matrix, signal, (driver) => driver.rangeQuery(query, start, end, step));
      return answer.result.map(
        ({ metric, values }): Series => ({ labels: metric, points: values.map(pointOf) }),
      );
    },
    async series(match, { start, end, signal } = {}) {
      // The driver has no way to leave the bounds out; these are what the server takes for missing ones.
      const from: PrometheusQueryDate = start ?? new Date(Date.parse('1970-01-02T00:00:00Z'));
      return ask(Type.Array(Labels), signal, (driver) =>
        driver.series([...match], from, end ?? new Date(Date.parse('9999-01-01T00:00:00Z'))),
      );
    },
    async rules(signal) {
      const { groups } = await ask(Groups, signal, (driver) => driver.rules());
      return groups.flatMap((group) => group.rules.map((rule) => ruleState(group, rule)));
    },
    async targets(signal) {
      const { activeTargets } = await ask(Targets, signal, (driver) => driver.targets('active'));
      return activeTargets.map(({ labels, health, lastScrape, lastError }) => ({
        job: labels['job'] ?? '',
        instance: labels['instance'] ?? '',
        health,
        lastScrape,
        lastError,
      }));
    },
    async metadata(signal) {
      const answer = await ask(Metadata, signal, (driver) => driver.metadata());
      return Object.fromEntries(
        Object.entries(answer).flatMap(([metric, [first]]) => (first ? [[metric, first]] : [])),
      );
    },
  };
}

/**
 * prometheus-query parses values as floats and drops the metric's name from the labels, so answers are read
 * from the response as it came; the driver still makes the requests and tells errors apart.
 */
function asker(config: PrometheusConfig): Ask {
  return async (shape, signal, call) => {
    const seen: { body?: unknown; status?: number } = {};
    const driver = new PrometheusDriver({
      endpoint: config.url,
      headers: config.headers ?? {},
      timeout: config.timeoutMs ?? 30_000,
      requestInterceptor: {
        onFulfilled: (request) => {
          request.maxRedirects = 0;
          request.maxContentLength = 64 * 1024 * 1024;
          if (signal) request.signal = signal;
          return request;
        },
      },
      responseInterceptor: {
        onFulfilled: (response) => {
          seen.body = response.data;
          seen.status = response.status;
          return response;
        },
        onRejected: (error: { response?: { status?: number } }) => {
          seen.status = error.response?.status;
          throw error;
        },
      },
    });
    try {
      await call(driver);
    } catch (thrown) {
      signal?.throwIfAborted();
      throw refusal(config, thrown, seen.status);
    }
    return readBody(config, shape, seen.body);
  };
}

function readBody<S extends TSchema>(config: PrometheusConfig, shape: S, body: unknown): Static<S> {
  const answer = body as { data?: unknown; warnings?: unknown };
  if (Array.isArray(answer?.warnings) && answer.warnings.length > 0) {
    throw new CountersignError(
      'SOURCE_ANSWER',
      `Prometheus \`${config.name}\` answered with warnings: ${answer.warnings.join('; ').slice(0, 500)}`,
      { hint: 'a warning can mean partial data, so the answer is not used' },
    );
  }
  if (!isShape(shape, answer?.data)) {
    throw new CountersignError(
      'SOURCE_ANSWER',
      `Prometheus \`${config.name}\` gave an answer of an unknown shape`,
    );
  }
  return answer.data as Static<S>;
}

function refusal(config: PrometheusConfig, thrown: unknown, status: number | undefined): CountersignError {
  const told = (thrown ?? {}) as { error?: unknown; httpStatus?: unknown };
  const text = typeof told.error === 'string' ? told.error : messageOf(thrown);
  if (status === undefined) {
    return new CountersignError(
      'SOURCE_UNREACHABLE',
      `Prometheus \`${config.name}\` could not be asked: ${text || 'no answer'}`,
    );
  }
  const why = told.httpStatus === undefined ? 'not the JSON of its API' : text.slice(0, 1000);
  return new CountersignError('SOURCE_ANSWER', `Prometheus \`${config.name}\` answered ${status}: ${why}`);
}

function samplesOf(answer: Static<typeof Vector> | Static<typeof Scalar> | Static<typeof Matrix>): Sample[] {
  if (answer.resultType === 'scalar') return [{ labels: {}, ...pointOf(answer.result) }];
  if (answer.resultType === 'vector') {
    return answer.result.map(({ metric, value }) => ({ labels: metric, ...pointOf(value) }));
  }
  return answer.result.flatMap(({ metric, values }) => {
    const last = values.at(-1);
    return last ? [{ labels: metric, ...pointOf(last) }] : [];
  });
}

function pointOf([at, value]: Static<typeof Point>): { at: number; value: string } {
  return { at, value };
}

const states = ['inactive', 'pending', 'firing'] as const;

function ruleState(group: { name: string; file: string }, rule: Static<typeof Rule>): RuleState {
  return {
    group: group.name,
    file: group.file,
    name: rule.name,
    type: rule.type,
    query: rule.query,
    duration: rule.duration ?? 0,
    keepFiringFor: rule.keepFiringFor ?? 0,
    labels: rule.labels ?? {},
    annotations: rule.annotations ?? {},
    state: states.find((state) => state === rule.state) ?? 'unknown',
    health: rule.health,
    lastError: rule.lastError ?? '',
    lastEvaluation: rule.lastEvaluation,
    alerts: rule.alerts ?? [],
  };
}
