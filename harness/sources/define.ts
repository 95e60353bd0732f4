/**
 * What checks ask. Each source has a small interface here, a real client beside this file, and a contract test.
 * A source throws CountersignError SOURCE_UNREACHABLE when it can't be asked and SOURCE_ANSWER when the answer
 * makes no sense: the item then reads `error`, never `failed`.
 */

/** Names are those of the environment's `sources`; without a name, the only source of that kind is meant. */
export interface Sources {
  http(name?: string): Promise<HttpSource>;
  postgres(name?: string): Promise<PostgresSource>;
  prometheus(name?: string): Promise<PrometheusSource>;
  alertmanager(name?: string): Promise<AlertmanagerSource>;
  logs(name?: string): Promise<LogSource>;
  close(): Promise<void>;
}

export interface HttpRequest {
  method?: string;
  /** Appended to the source's base URL; an absolute URL is refused. */
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Milliseconds for the whole exchange, body included. Default 10,000. */
  timeoutMs?: number;
  /** Bytes of body that are read at most. Default 1 MiB; beyond it the request fails. */
  maxBytes?: number;
  /** Redirects that are followed, within the source's origin only. Default 0: a redirect is the answer. */
  follow?: number;
  signal?: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
  text(): string;
  /** Integers beyond 2^53 are their exact text. Throws SOURCE_ANSWER when the body is not JSON. */
  json(): unknown;
  durationMs: number;
}

export interface HttpSource {
  readonly name: string;
  readonly url: string;
  request(request: HttpRequest): Promise<HttpAnswer>;
}

export interface PostgresSource {
  readonly name: string;
  /** Rows with every value as PostgreSQL's own text (null stays null): no float ever touches money. */
  query(
    sql: string,
    params?: readonly unknown[],
    signal?: AbortSignal,
    /** Rows at most, default 100,000; one more and the query fails: a cut result would be a wrong one. */
    maxRows?: number,
  ): Promise<TextResult>;
  /** Streams a result in batches inside one REPEATABLE READ, READ ONLY transaction. */
  stream(sql: string, params?: readonly unknown[], signal?: AbortSignal): AsyncIterable<TextRow[]>;
}

export type TextRow = Record<string, string | null>;

export interface TextResult {
  columns: { name: string; type: string }[];
  rows: TextRow[];
}

/** One sample of an instant query; `value` keeps Prometheus' own text (`NaN`, `+Inf` included). */
export interface Sample {
  labels: Record<string, string>;
  /** Unix seconds. */
  at: number;
  value: string;
}

export interface Series {
  labels: Record<string, string>;
  points: { at: number; value: string }[];
}

export interface RuleState {
  group: string;
  file: string;
  name: string;
  type: 'alerting' | 'recording';
  query: string;
  /** Seconds. */
  duration: number;
  keepFiringFor: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Alerting rules only. */
  state: 'inactive' | 'pending' | 'firing' | 'unknown';
  health: string;
  lastError: string;
  /** RFC 3339. */
  lastEvaluation: string;
  alerts: { labels: Record<string, string>; state: string; activeAt: string; value: string }[];
}

export interface PrometheusSource {
  readonly name: string;
  readonly url: string;
  instant(query: string, options?: { at?: Date; signal?: AbortSignal }): Promise<Sample[]>;
  range(
    query: string,
    options: { start: Date; end: Date; step: number; signal?: AbortSignal },
  ): Promise<Series[]>;
  series(
    match: readonly string[],
    options?: { start?: Date; end?: Date; signal?: AbortSignal },
  ): Promise<Record<string, string>[]>;
  rules(signal?: AbortSignal): Promise<RuleState[]>;
  targets(
    signal?: AbortSignal,
  ): Promise<{ job: string; instance: string; health: string; lastScrape: string; lastError: string }[]>;
  metadata(signal?: AbortSignal): Promise<Record<string, { type: string; help: string; unit: string }>>;
}

export interface AlertmanagerSource {
  readonly name: string;
  readonly url: string;
  alerts(
    signal?: AbortSignal,
  ): Promise<{ labels: Record<string, string>; state: string; startsAt: string; receivers: string[] }[]>;
  receivers(signal?: AbortSignal): Promise<string[]>;
  /** Tells it of alerts, as Prometheus would. One that ends now is resolved. */
  send(alerts: readonly SentAlert[], signal?: AbortSignal): Promise<void>;
}

export interface SentAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: Date;
  endsAt: Date;
}

export interface LogLine {
  /** Nanoseconds since the epoch as text, or the empty string where a file's line has no time. */
  at: string;
  text: string;
  /** True where `text` may be the beginning only of a longer line. */
  cut?: boolean;
}

export interface LogSource {
  readonly name: string;
  readonly kind: 'logfile' | 'loki';
  /** Lines from `start` to `end`, oldest first. `query` is LogQL for Loki and is ignored by files. */
  lines(options: {
    start: Date;
    end: Date;
    query?: string;
    limit: number;
    signal?: AbortSignal;
  }): AsyncIterable<LogLine>;
}
