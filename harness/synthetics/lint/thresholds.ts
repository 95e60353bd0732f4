import { formatDuration, parseDuration } from '../../config/duration.ts';
import { type Condition, conditionProblem, parseCondition } from '../condition.ts';
import type { Check } from '../definition.ts';
import type { AlertRule } from '../schema.ts';
import type { Finding, LintRule, Scope } from './define.ts';
import { targetsOf } from './targets.ts';

/** What of a rule is wrong for one check, and in which field that shows. */
interface Unreachable {
  field: 'condition' | 'min_samples' | 'every';
  message: string;
  hint: string;
}

/** A rule that can't come true pages nobody, and nobody sees it. */
export const lintThresholds: LintRule = ({ definition, scopes }, report) => {
  const rules = definition.alerting?.rules ?? [];
  for (const [index, rule] of rules.entries()) {
    const path = ['alerting', 'rules', index];
    const problem = conditionProblem(rule.condition);
    if (problem) report({ ...problem, path: [...path, 'condition'] });
    else for (const scope of scopes) lintRule(rule, scope, path, report);
  }
  if (rules.length === 0) return;
  for (const [index, check] of definition.checks.entries()) {
    if (!check.active || rules.some((rule) => targetsOf(rule, [check]).length > 0)) continue;
    report({
      path: ['checks', index, 'name'],
      message: `no rule is about \`${check.name}\`: nobody is told when it fails`,
      hint: 'add it to a rule, or say `active: false`',
    });
  }
};

function lintRule(
  rule: AlertRule,
  { name, overrides, checks }: Scope,
  path: readonly (string | number)[],
  report: (finding: Finding) => void,
): void {
  const condition = parseCondition(rule.condition);
  const overridden =
    overrides.interval_override !== undefined || overrides.failure_threshold_override !== undefined;
  const where = overridden ? ` in the environment \`${name}\`` : '';
  // One message for all checks of which the same is wrong: a rule may be about hundreds.
  const found = new Map<string, Unreachable & { others: number }>();
  for (const check of targetsOf(
    rule,
    checks.map((placed) => placed.check),
  )) {
    for (const each of unreachable(rule, condition, check)) {
      const key = `${each.field} ${each.message.replaceAll(`\`${check.name}\``, '')}`;
      const known = found.get(key);
      if (known) known.others += 1;
      else found.set(key, { ...each, others: 0 });
    }
  }
  for (const { field, message, hint, others } of found.values()) {
    const more = others > 0 ? `; so with ${others} more` : '';
    report({ path: [...path, field], message: `${message}${where}${more}`, hint });
  }
}

function unreachable(rule: AlertRule, condition: Condition, check: Check): Unreachable[] {
  const interval = parseDuration(check.interval);
  switch (condition.kind) {
    case 'consecutive':
      return consecutive(condition, check, interval);
    case 'share':
      return [];
    case 'availability':
      return windowed(rule, condition.overMs, check, interval);
    case 'percentile':
      return [...tooSlowToHappen(condition, check), ...windowed(rule, condition.overMs, check, interval)];
  }
}

function consecutive(
  { failures, withinMs }: Extract<Condition, { kind: 'consecutive' }>,
  { name, interval, failure_threshold: threshold }: Check,
  intervalMs: number,
): Unreachable[] {
  const found: Unreachable[] = [];
  const needed = (failures - 1) * intervalMs;
  if (withinMs !== undefined && needed > withinMs) {
    found.push({
      field: 'condition',
      message: `\`${name}\` is probed every ${interval}, so ${failures} failures take ${formatDuration(needed)} at least, and never come within ${formatDuration(withinMs)}`,
      hint: `write \`within ${formatDuration(failures * intervalMs)}\`, or probe more often`,
    });
  }
  if (threshold !== failures) {
    found.push({
      field: 'condition',
      message: `it takes ${failures} failures here, and \`failure_threshold\` of \`${name}\` is ${threshold}`,
      hint: 'they are exported to different places: let them agree',
    });
  }
  return found;
}

function windowed(
  { min_samples: least = 1, every }: AlertRule,
  windowMs: number,
  check: Check,
  intervalMs: number,
) {
  const most = Math.floor(windowMs / intervalMs);
  const window = formatDuration(windowMs);
  const found: Unreachable[] = [];
  if (most < 1) {
    found.push({
      field: 'condition',
      message: `\`${check.name}\` is probed every ${check.interval}, so a window of ${window} is empty most of the time`,
      hint: 'take a longer window, or probe more often',
    });
  } else if (least > most) {
    found.push({
      field: 'min_samples',
      message: `a window of ${window} holds ${most} probes of \`${check.name}\`, and the rule wants ${least}`,
      hint: `at most ${most} for this check`,
    });
  }
  if (every !== undefined && parseDuration(every) > windowMs) {
    found.push({
      field: 'every',
      message: `it is judged every ${every}, and looks back ${window} only`,
      hint: 'what happens in between would never be seen',
    });
  }
  return found;
}

function tooSlowToHappen(
  { aboveMs }: Extract<Condition, { kind: 'percentile' }>,
  check: Check,
): Unreachable[] {
  if (parseDuration(check.timeout) > aboveMs) return [];
  return [
    {
      field: 'condition',
      message: `\`${check.name}\` ends after ${check.timeout}, so no answer ever takes more than ${formatDuration(aboveMs)}`,
      hint: 'lower the threshold, or raise `timeout`',
    },
  ];
}
