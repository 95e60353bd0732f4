import { formatDuration, parseDuration } from '../../../config/duration.ts';
import type { Check } from '../../definition.ts';
import { alertsOf, type CheckAlert, isWithinAnyway, messageFor } from '../alerts.ts';
import type { Range } from '../criteria.ts';
import type { Exportable, Loss } from '../define.ts';
import type { Part } from './criteria.ts';

/** Prometheus forgets a sample after five minutes; what is scraped less often would have gaps. */
export const longestIntervalMs = 120_000;

export const success = 'synthetic:success';

/** The rules of one check: what success is, and when somebody is told. */
export function groupOf(
  check: Check,
  parts: readonly Part[],
  definition: Exportable,
  losses: Loss[],
): object {
  const intervalMs = Math.min(parseDuration(check.interval), longestIntervalMs);
  const selector = `{check="${check.name}"}`;
  const failing = failures(selector, parts).join(' or ');
  for (const name of check.depends_on) {
    if (definition.checks.some((other) => other.name === name)) continue;
    losses.push({ check: check.name, field: 'depends_on', said: name, why: 'that check is not exported' });
  }
  const alerts = alertsOf(check, definition).map((alert) => ruleOf(alert, check, definition, losses));
  return {
    name: `synthetics-${check.name}`,
    interval: formatDuration(intervalMs),
    rules: [
      {
        record: success,
        expr: `(${failing}) * 0 or probe_success${selector} * 0 + 1`,
        labels: { check: check.name },
      },
      ...alerts,
      {
        alert: 'SyntheticUnseen',
        expr: `absent(probe_success${selector})`,
        for: formatDuration(3 * intervalMs),
        labels: { severity: 'warning', check: check.name },
        annotations: { summary: `${check.name} is not probed: nothing is known about it` },
      },
    ],
  };
}

/** Each way to fail, as PromQL that has a sample only then. */
function failures(selector: string, parts: readonly Part[]): string[] {
  const days = `(probe_ssl_earliest_cert_expiry${selector} - time()) / 86400`;
  return [
    `probe_success${selector} == 0`,
    ...parts.flatMap(({ time }) => outside(`probe_duration_seconds${selector}`, time, 1000)),
    ...parts.flatMap(({ days: left }) => outside(days, left, 1)),
  ];
}

function outside(value: string, range: Range | undefined, divisor: number): string[] {
  const { from, to } = range ?? {};
  return [
    ...(to === undefined ? [] : [`${value} >= ${(to + 1) / divisor}`]),
    ...(from === undefined ? [] : [`${value} < ${from / divisor}`]),
  ];
}

function ruleOf(alert: CheckAlert, check: Check, definition: Exportable, losses: Loss[]): object {
  const { rule, name } = alert;
  if (!isWithinAnyway(alert.condition, check)) {
    losses.push({
      check: check.name,
      field: 'failure_threshold',
      said: rule?.condition ?? '',
      why: 'Prometheus does not look at the time that failures take',
    });
  }
  const { expr, wait } = conditionOf(alert, check, losses);
  const least = rule?.min_samples;
  const enough = least === undefined || wait !== undefined ? '' : ` and ${counted(alert, check)} >= ${least}`;
  const summary = rule?.message === undefined ? `${check.name} fails` : messageFor(rule.message, check);
  return {
    alert: `Synthetic${pascal(name)}`,
    expr: `${expr}${enough}${unlessDown(check, definition)}`,
    ...(wait === undefined || wait === 0 ? {} : { for: formatDuration(wait) }),
    labels: { severity: rule?.severity ?? severityOf(check), check: check.name },
    annotations: {
      summary: inTemplate(summary),
      ...(check.description === undefined ? {} : { description: inTemplate(check.description) }),
    },
  };
}

/** `wait`: how long it must hold, for failures in a row. */
function conditionOf(alert: CheckAlert, check: Check, losses: Loss[]): { expr: string; wait?: number } {
  const { condition } = alert;
  const selector = `{check="${check.name}"}`;
  const intervalMs = parseDuration(check.interval);
  switch (condition.kind) {
    case 'consecutive':
      return { expr: `${success}${selector} == 0`, wait: (condition.failures - 1) * intervalMs };
    case 'share': {
      const window = formatDuration(condition.of * intervalMs - Math.round(intervalMs / 2));
      const failed = `count_over_time(${success}${selector}[${window}]) - sum_over_time(${success}${selector}[${window}])`;
      if (intervalMs <= longestIntervalMs) return { expr: `${failed} >= ${condition.failures}` };
      const share = `avg_over_time(${success}${selector}[${window}]) <= ${1 - condition.failures / condition.of}`;
      losses.push({
        check: check.name,
        field: `alerting.rules.${alert.index ?? 0}.condition`,
        said: alert.rule?.condition ?? '',
        became: share,
        why: 'the check is probed more often than it says',
      });
      return { expr: share };
    }
    case 'availability':
      return {
        expr: `avg_over_time(${success}${selector}[${formatDuration(condition.overMs)}]) < ${condition.belowPercent / 100}`,
      };
    case 'percentile': {
      const [quantile, above] = [condition.percentile / 100, condition.aboveMs / 1000];
      return {
        expr: `quantile_over_time(${quantile}, probe_duration_seconds${selector}[${formatDuration(condition.overMs)}]) > ${above}`,
      };
    }
  }
}

function counted({ condition }: CheckAlert, check: Check): string {
  const window =
    'overMs' in condition
      ? condition.overMs
      : parseDuration(check.interval) * ('of' in condition ? condition.of : 1);
  return `count_over_time(probe_success{check="${check.name}"}[${formatDuration(window)}])`;
}

/** While what it depends on is down, it alerts nobody. */
function unlessDown(check: Check, { checks }: Exportable): string {
  const known = check.depends_on.filter((name) => checks.some((other) => other.name === name));
  return known.map((name) => ` unless on () (${success}{check="${name}"} == 0)`).join('');
}

function severityOf({ labels }: Check): string {
  return labels['criticality'] === 'critical' ? 'critical' : 'warning';
}

function pascal(name: string): string {
  return name.replaceAll(/(?:^|[_-]+)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Braces begin a template in annotations of Prometheus. */
function inTemplate(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}
