import { parser } from '@prometheus-io/lezer-promql';
import { parse, stringify } from 'yaml';
import { formatDuration } from '../config/duration.ts';
import { CountersignError } from '../errors.ts';
import { durationMs } from '../sources/promql-syntax.ts';

/** How much faster a rehearsal's clocks run. The report says both numbers. */
export interface Compression {
  /** Waiting times are divided by this; 1 leaves everything byte for byte. */
  rehearse: number;
  /** Interval of scrapes and evaluations, after compression. */
  intervalMs: number;
}

/** Prometheus itself needs some time for a scrape: faster than this, samples are missed. */
const shortestIntervalMs = 250;
/** A rate needs two samples, and a scrape may come late. */
const fewestSamplesInRange = 4;

export function compressedInterval(intervalMs: number, rehearse: number): number {
  if (rehearse === 1) return intervalMs;
  return Math.min(intervalMs, Math.max(shortestIntervalMs, Math.round(intervalMs / rehearse)));
}

/** A duration as Prometheus and Alertmanager write them, divided; zero stays zero. */
export function compressDuration(text: string | number, rehearse: number, leastMs = 1): string {
  const wholeMs = millisecondsOf(String(text));
  if (wholeMs === 0) return '0s';
  return formatDuration(Math.min(wholeMs, Math.max(leastMs, Math.round(wholeMs / rehearse))));
}

function millisecondsOf(text: string): number {
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return Number(text) * 1_000;
  const known = text.startsWith('-') ? undefined : durationMs(text);
  if (known !== undefined) return known;
  throw new CountersignError('CONFIG_INVALID', `\`${text}\` is not a duration of Prometheus`);
}

/** Divides range selectors, subqueries and offsets of a PromQL expression; everything else stays as it is. */
export function compressPromql(query: string, compression: Compression): string {
  const { rehearse, intervalMs } = compression;
  if (rehearse === 1) return query;
  let compressed = '';
  let end = 0;
  parser.parse(query).iterate({
    enter(node) {
      if (node.name !== 'NumberDurationLiteralInDurationContext') return;
      const least = node.node.parent?.name === 'OffsetDurationExpr' ? 1 : fewestSamplesInRange * intervalMs;
      const duration = compressDuration(query.slice(node.from, node.to), rehearse, least);
      compressed += query.slice(end, node.from) + duration;
      end = node.to;
    },
  });
  return compressed + query.slice(end);
}

interface RuleFile {
  groups?: { interval?: string; rules?: Record<string, unknown>[] }[];
}

/** A rule file with its waiting times divided; with `rehearse: 1` the very same text. */
export function compressRules(text: string, compression: Compression): string {
  const { rehearse, intervalMs } = compression;
  if (rehearse === 1) return text;
  const file = parse(text) as RuleFile;
  for (const group of file.groups ?? []) {
    if (group.interval) group.interval = compressDuration(group.interval, rehearse, intervalMs);
    for (const rule of group.rules ?? []) {
      for (const key of ['for', 'keep_firing_for']) {
        if (typeof rule[key] === 'string') rule[key] = compressDuration(rule[key], rehearse);
      }
      if (typeof rule['expr'] === 'string') rule['expr'] = compressPromql(rule['expr'], compression);
    }
  }
  return stringify(file, { lineWidth: 0 });
}

export interface Route {
  group_wait?: string;
  group_interval?: string;
  repeat_interval?: string;
  routes?: Route[];
}

/** Waiting times that a route gives, and at the root those that Alertmanager would assume. */
export function compressRoute(route: Route, rehearse: number, isRoot = true): Route {
  if (rehearse === 1) return route;
  const assumed = isRoot ? { group_wait: '30s', group_interval: '5m', repeat_interval: '4h' } : {};
  const compressed: Route = { ...assumed, ...route };
  for (const key of ['group_wait', 'group_interval', 'repeat_interval'] as const) {
    const value = compressed[key];
    if (value) compressed[key] = compressDuration(value, rehearse, key === 'group_wait' ? 1 : 1_000);
  }
  if (route.routes) compressed.routes = route.routes.map((inner) => compressRoute(inner, rehearse, false));
  return compressed;
}
