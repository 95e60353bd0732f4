import type { JsonObject } from '../../../checks/json.ts';
import { parseDuration } from '../../../config/duration.ts';
import { formatCondition } from '../../condition.ts';
import type { Criterion } from '../../criteria-schema.ts';
import { success } from '../../export/blackbox/rules.ts';
import { type Loss, wholeFile } from '../../export/define.ts';
import { openLedger } from '../../export/ledger.ts';
import type { AlertRule } from '../../schema.ts';
import { fromGo } from '../go-duration.ts';
import { mapOf, textOf } from '../read-text.ts';
import { criteriaIn, labelsIn, readAlert } from './alert-expressions.ts';

/** A check while it is put together: its target's labels decide which rules are about it. */
export interface Draft {
  name: string;
  labels: Readonly<Record<string, string>>;
  intervalMs: number;
  criteria: Criterion[];
  dependsOn: Set<string>;
  /** How many failures in a row alert somebody. */
  inARow: Set<number>;
  /** Those that a rule is about. */
  ruled: Set<number>;
  description?: string;
}

/** Takes what rules say into the drafts; what is about several failures of another kind becomes a rule of ours. */
export function applyRules(
  rules: readonly JsonObject[],
  drafts: readonly Draft[],
  losses: Loss[],
): AlertRule[] {
  const own = new Map<string, AlertRule>();
  for (const rule of rules) {
    if (rule['record'] === success) applyRecord(String(rule['expr']), drafts);
    else if (rule['alert'] !== 'SyntheticUnseen') applyAlert(rule, drafts, own, losses);
  }
  return [...own.values()];
}

function applyRecord(expr: string, drafts: readonly Draft[]): void {
  const [, labels = ''] = /probe_success\{([^}]*)\}/.exec(expr) ?? [];
  for (const draft of about(drafts, labelsIn(labels))) draft.criteria.push(...criteriaIn(expr));
}

function about(drafts: readonly Draft[], match: Readonly<Record<string, string>>): Draft[] {
  return drafts.filter(({ labels }) =>
    Object.entries(match).every(([label, value]) => labels[label] === value),
  );
}

function applyAlert(
  rule: JsonObject,
  drafts: readonly Draft[],
  own: Map<string, AlertRule>,
  losses: Loss[],
): void {
  const name = String(rule['alert'] ?? rule['record'] ?? 'a rule');
  const intervalOf = (check: string) =>
    drafts.find(({ labels }) => labels['check'] === check)?.intervalMs ?? 60_000;
  const read = readAlert(String(rule['expr']), intervalOf);
  const meant = read ? about(drafts, read.match) : [];
  if (!read || meant.length === 0) {
    losses.push({
      check: wholeFile,
      field: `rules.${name}`,
      said: String(rule['expr']),
      why: 'our rules have no such condition, or it is about no check',
    });
    return;
  }
  const { summary, description } = mapOf(rule['annotations']);
  loseRest(rule, name, losses);
  for (const draft of meant) {
    for (const dependency of read.dependsOn) draft.dependsOn.add(dependency);
    const text = textOf(description)?.replaceAll('{{ "{{" }}', '{{');
    if (text !== undefined) draft.description ??= text;
    const failures = read.waits ? failuresIn(rule['for'], draft, losses) : undefined;
    if (failures !== undefined) draft.inARow.add(failures);
    const condition = read.condition ?? formatCondition({ kind: 'consecutive', failures: failures ?? 1 });
    // That one an export writes for the threshold of the check itself.
    if (name !== ownAlert) {
      if (failures !== undefined) draft.ruled.add(failures);
      const message = textOf(summary)
        ?.replaceAll('{{ "{{" }}', '{{')
        .replaceAll(draft.name, () => '${check.name}');
      addRule(
        own,
        {
          name,
          severity: mapOf(rule['labels'])['severity'],
          condition,
          message,
          least: read.minSamples,
        },
        draft.name,
      );
    }
  }
}

/** What a rule of Prometheus says beyond ours. */
function loseRest(rule: JsonObject, name: string, losses: Loss[]): void {
  const ledger = openLedger(wholeFile, rule, losses, `rules.${name}.`);
  for (const field of ['alert', 'expr', 'for'] as const) ledger.take(field);
  const labels = ledger.inside('labels', mapOf(ledger.take('labels')));
  for (const label of ['severity', 'check'] as const) labels.take(label);
  const annotations = ledger.inside('annotations', mapOf(ledger.take('annotations')));
  for (const field of ['summary', 'description'] as const) {
    const text = textOf(annotations.take(field));
    if (text?.replaceAll('{{ "{{" }}', '').includes('{{'))
      annotations.lose(field, text, 'our messages do not fill in templates of Prometheus', 'the same text');
  }
  for (const each of [ledger, labels, annotations]) each.rest('our rules have nothing like it');
}

const ownAlert = 'SyntheticFailing';
const mostFailures = 100;

/** So long without a success that there were at least as many failures. */
function failuresIn(said: unknown, { name, intervalMs }: Draft, losses: Loss[]): number {
  const waited = fromGo(said ?? '0s')?.text ?? '0s';
  const failures = Math.ceil(parseDuration(waited) / intervalMs) + 1;
  if (failures <= mostFailures) return failures;
  const why = `our checks count up to ${mostFailures} failures`;
  losses.push({
    check: name,
    field: 'rules.for',
    said: waited,
    became: `failure_threshold: ${mostFailures}`,
    why,
  });
  return mostFailures;
}

interface Said {
  name: string;
  severity: unknown;
  condition: string;
  message: string | undefined;
  least: number | undefined;
}

/** One rule for all checks of which the same is said. */
function addRule(
  own: Map<string, AlertRule>,
  { name, severity, condition, message, least }: Said,
  check: string,
): void {
  const known = (['info', 'warning', 'critical'] as const).find((each) => each === severity) ?? 'warning';
  const key = JSON.stringify([name, known, condition, message, least]);
  const rule = own.get(key);
  if (rule) rule.checks?.push(check);
  else {
    own.set(key, {
      name: ruleName(name, own),
      condition,
      severity: known,
      ...(message === undefined ? {} : { message }),
      checks: [check],
      ...(least === undefined ? {} : { min_samples: least }),
    });
  }
}

/** SyntheticWeeklyAvailability is weekly_availability. */
function ruleName(alert: string, own: ReadonlyMap<string, AlertRule>): string {
  const plain = alert
    .replace(/^Synthetic(?=.)/, '')
    .replaceAll(/(?<=[a-z0-9])([A-Z])/g, '_$1')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '_')
    .replace(/^[^a-z]+/, '');
  const name = (plain === '' ? 'rule' : plain).slice(0, 56);
  const same = [...own.values()].filter(
    (rule) => rule.name === name || rule.name.startsWith(`${name}_`),
  ).length;
  return same === 0 ? name : `${name}_${same + 1}`;
}
