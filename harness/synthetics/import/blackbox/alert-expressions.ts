import { parseDuration } from '../../../config/duration.ts';
import { formatCondition } from '../../condition.ts';
import type { Criterion } from '../../criteria-schema.ts';
import { success } from '../../export/blackbox/rules.ts';

/** What PromQL of an alert says about a check. */
export interface ReadAlert {
  /** Labels that a check must have, such as `check`, `job` and `instance`. */
  match: Record<string, string>;
  /** How long all must fail; for failures in a row. */
  waits?: true;
  /** Of a rule of ours, for the rest. */
  condition?: string;
  minSamples?: number;
  dependsOn: string[];
}

const selector = String.raw`\{([^}]*)\}`;
const own = success.replaceAll(/[.]/g, '\\$&');

/** Undefined for PromQL of another kind. */
export function readAlert(expr: string, intervalOf: (check: string) => number): ReadAlert | undefined {
  const dependsOn = [
    ...expr.matchAll(new RegExp(` unless on \\(\\) \\(${own}\\{check="([^"]+)"\\} == 0\\)`, 'g')),
  ].map(([, name = '']) => name);
  const [plain = ''] = expr.split(' unless on () ');
  const [, body = '', least] =
    /^(.*?)(?: and count_over_time\(probe_success\{[^}]*\}\[[^\]]+\]\) >= (\d+))?$/s.exec(plain) ?? [];
  const common = { dependsOn, ...(least === undefined ? {} : { minSamples: Number(least) }) };
  const [, failing] = new RegExp(`^(?:probe_success|${own})(?:${selector})? == 0$`).exec(body) ?? [];
  if (failing !== undefined || /^probe_success == 0$/.test(body))
    return { ...common, match: labelsIn(failing ?? ''), waits: true };
  const condition = conditionIn(body, intervalOf);
  return condition ? { ...common, match: labelsIn(condition.labels), condition: condition.text } : undefined;
}

function conditionIn(body: string, intervalOf: (check: string) => number) {
  const [, labels = '', over = '', below] =
    new RegExp(`^avg_over_time\\(${own}${selector}\\[([^\\]]+)\\]\\) < ([0-9.e-]+)$`).exec(body) ?? [];
  if (below !== undefined) {
    const belowPercent = rounded(Number(below) * 100);
    return {
      labels,
      text: formatCondition({ kind: 'availability', belowPercent, overMs: parseDuration(over) }),
    };
  }
  const [, quantile, of = '', long = '', above] =
    new RegExp(
      `^quantile_over_time\\(([0-9.]+), probe_duration_seconds${selector}\\[([^\\]]+)\\]\\) > ([0-9.e-]+)$`,
    ).exec(body) ?? [];
  if (above !== undefined) {
    const percentile = rounded(Number(quantile) * 100);
    const aboveMs = rounded(Number(above) * 1000);
    return {
      labels: of,
      text: formatCondition({ kind: 'percentile', percentile, aboveMs, overMs: parseDuration(long) }),
    };
  }
  const [, from = '', window = '', failures] =
    new RegExp(
      `^count_over_time\\(${own}${selector}\\[([^\\]]+)\\]\\) - sum_over_time\\(${own}${selector.replace('(', '(?:')}\\[[^\\]]+\\]\\) >= (\\d+)$`,
    ).exec(body) ?? [];
  if (failures === undefined) return undefined;
  const intervalMs = intervalOf(labelsIn(from)['check'] ?? '');
  const count = Math.round(parseDuration(window) / intervalMs + 0.5);
  return { labels: from, text: formatCondition({ kind: 'share', failures: Number(failures), of: count }) };
}

function rounded(value: number): number {
  return Number(value.toFixed(6));
}

export function labelsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => [label, value]),
  );
}

/** What the recording rule of an export calls a failure, besides the probe's own. */
export function criteriaIn(expr: string): Criterion[] {
  const time = [...expr.matchAll(/probe_duration_seconds\{[^}]*\} (>=|<) ([0-9.e-]+)/g)].map(
    ([, operator, bound]) => ({
      response_time_ms: `${operator === '>=' ? '<' : '>='}${rounded(Number(bound) * 1000)}`,
    }),
  );
  const days = [
    ...expr.matchAll(/earliest_cert_expiry\{[^}]*\} - time\(\)\) \/ 86400 (>=|<) ([0-9.e-]+)/g),
  ].map(([, operator, bound]) => ({
    certificate_days: `${operator === '>=' ? '<' : '>='}${Number(bound)}`,
  }));
  return [...time, ...days];
}
