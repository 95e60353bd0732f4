import type { PrometheusSource } from '../../sources/define.ts';
import {
  findQuantileThresholds,
  findSelectors,
  type QuantileThreshold,
} from '../../sources/promql-syntax.ts';

export interface Armament {
  /** Selectors of the rule without a sample within the lookback: it could not fire whatever happens. */
  empty: string[];
  /** Thresholds that the buckets of a histogram can't tell. */
  thresholds: string[];
}

export async function findArmament(
  prometheus: PrometheusSource,
  query: string,
  lookbackMs: number,
  signal: AbortSignal,
): Promise<Armament> {
  const selectors = findSelectors(query);
  const empty = selectors.length === 0 ? ['(the rule selects no series at all)'] : [];
  for (const { text } of selectors) {
    // An instant query would find nothing right after one scrape that failed.
    const young = `count(last_over_time(${text}[${lookbackMs}ms]))`;
    if ((await prometheus.instant(young, { signal })).length === 0) empty.push(text);
  }
  const thresholds: string[] = [];
  for (const quantile of findQuantileThresholds(query)) {
    thresholds.push(...(await thresholdProblems(prometheus, quantile, lookbackMs, signal)));
  }
  return { empty, thresholds };
}

/** Between two bounds a quantile is interpolated, and above the last finite one it never rises. */
async function thresholdProblems(
  prometheus: PrometheusSource,
  { threshold, selectors }: QuantileThreshold,
  lookbackMs: number,
  signal: AbortSignal,
): Promise<string[]> {
  const problems: string[] = [];
  for (const { text } of selectors) {
    const found = await prometheus.instant(`group by (le) (last_over_time(${text}[${lookbackMs}ms]))`, {
      signal,
    });
    const bounds = found
      .flatMap(({ labels }) => (labels['le'] === undefined ? [] : [Number(labels['le'])]))
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    if (bounds.length === 0) continue;
    const told = `${threshold} is not a bucket bound of ${text}, whose bounds are ${bounds.join(', ')}`;
    if (!bounds.includes(threshold)) problems.push(told);
    else if (threshold === bounds.at(-1))
      problems.push(`${threshold} is the highest finite bucket bound of ${text}`);
  }
  return problems;
}
