import { parseDuration } from '../../config/duration.ts';
import { type Condition, parseCondition } from '../condition.ts';
import type { Check } from '../definition.ts';
import type { AlertRule } from '../schema.ts';
import type { Exportable } from './define.ts';

export interface CheckAlert {
  /** That of its rule; `failing` for what a check says by its own `failure_threshold`. */
  name: string;
  condition: Condition;
  /** Absent for the alert of the check's own threshold where no rule is about the same. */
  rule?: AlertRule;
  /** Of the rule among the rules of the file. */
  index?: number;
}

/** Every alert of a check: its own threshold, and each rule that is about it. */
export function alertsOf(check: Check, { alerting }: Exportable): CheckAlert[] {
  const rules = (alerting?.rules ?? []).flatMap((rule, index) =>
    isAbout(rule, check)
      ? [{ name: rule.name, condition: plain(parseCondition(rule.condition)), rule, index }]
      : [],
  );
  const { failure_threshold: failures } = check;
  const said = rules.some(
    ({ condition }) => condition.kind === 'consecutive' && condition.failures === failures,
  );
  if (said) return rules;
  return [{ name: 'failing', condition: { kind: 'consecutive', failures } }, ...rules];
}

export function isAbout({ checks, match = {} }: AlertRule, { name, labels }: Check): boolean {
  if (checks && !checks.includes(name)) return false;
  return Object.entries(match).every(([label, value]) => labels[label] === value);
}

/** All failures of so many are failures in a row. */
function plain(condition: Condition): Condition {
  if (condition.kind !== 'share' || condition.failures !== condition.of) return condition;
  return { kind: 'consecutive', failures: condition.failures };
}

/** Is `within` no more than what so many probes take anyway? */
export function isWithinAnyway(condition: Condition, check: Check): boolean {
  if (condition.kind !== 'consecutive' || condition.withinMs === undefined) return true;
  return (condition.failures - 1) * parseDuration(check.interval) <= condition.withinMs;
}

/** The message of a rule for one check: `${check.name}` and `${check.labels.service}` are filled in. */
export function messageFor(message: string, check: Check): string {
  return message
    .replaceAll('${check.name}', () => check.name)
    .replaceAll(
      /\$\{check\.labels\.([A-Za-z0-9_]+)\}/g,
      (whole, label: string) => check.labels[label] ?? whole,
    );
}
