import { nearest } from '../../config/validate.ts';
import type { Path } from '../../config/yaml.ts';
import { windowProblems } from '../../gate/window.ts';
import type { Definition } from '../definition.ts';
import type { Finding, LintRule } from './define.ts';
import { targetsOf } from './targets.ts';

type Report = (finding: Finding) => void;

/** Every name that points at something must find it, and nothing may point in a circle. */
export const lintNames: LintRule = ({ definition }, report) => {
  lintChecks(definition, report);
  lintRules(definition, report);
  lintEscalations(definition, report);
  for (const [name, window] of Object.entries(definition.maintenance ?? {})) {
    const path = ['maintenance', name];
    for (const message of windowProblems(window)) report({ path, message: `window \`${name}\`: ${message}` });
    if (window.kind === 'deny') continue;
    const hint = 'a maintenance window says when something is not monitored: `kind: deny`';
    report({ path: [...path, 'kind'], message: `window \`${name}\` allows`, hint });
  }
};

function lintChecks({ checks, environments = {}, maintenance = {} }: Definition, report: Report): void {
  const names = checks.map(({ name }) => name);
  for (const [index, check] of checks.entries()) {
    const at = (field: string, position: number) => ['checks', index, field, position];
    for (const [position, name] of check.depends_on.entries()) {
      expectKnown('check', name, names, at('depends_on', position), report);
    }
    for (const [position, name] of check.maintenance.entries()) {
      expectKnown('window', name, Object.keys(maintenance), at('maintenance', position), report);
    }
    for (const [position, name] of (check.environments ?? []).entries()) {
      expectKnown('environment', name, Object.keys(environments), at('environments', position), report);
    }
  }
  for (const cycle of cyclesOf(checks)) {
    const index = names.indexOf(cycle[0] ?? '');
    const message = `checks depend on each other in a circle: ${[...cycle, cycle[0]].join(' → ')}`;
    report({ path: ['checks', index, 'depends_on'], message, hint: 'while all are down, none would page' });
  }
}

/** Each circle once, beginning with the check that stands first. */
function cyclesOf(checks: Definition['checks']): string[][] {
  const needs = new Map(checks.map(({ name, depends_on }) => [name, depends_on]));
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    const since = way.indexOf(name);
    if (since >= 0) cycles.push(way.slice(since));
    if (since >= 0 || done.has(name)) return;
    for (const need of needs.get(name) ?? []) visit(need, [...way, name]);
    done.add(name);
  };
  for (const { name } of checks) visit(name, []);
  return cycles;
}

function lintRules(definition: Definition, report: Report): void {
  const { alerting = {}, checks } = definition;
  const seen = new Set<string>();
  for (const [index, rule] of (alerting.rules ?? []).entries()) {
    const path = ['alerting', 'rules', index];
    if (seen.has(rule.name))
      report({ path: [...path, 'name'], message: `there are two rules \`${rule.name}\`` });
    seen.add(rule.name);
    for (const [position, name] of (rule.checks ?? []).entries()) {
      expectKnown(
        'check',
        name,
        checks.map((check) => check.name),
        [...path, 'checks', position],
        report,
      );
    }
    if (rule.escalation !== undefined) {
      const known = Object.keys(alerting.escalations ?? {});
      expectKnown('escalation', rule.escalation, known, [...path, 'escalation'], report);
    }
    if (targetsOf(rule, checks).length > 0) continue;
    const message = `the rule \`${rule.name}\` is about no check at all`;
    report({ path, message, hint: 'see its `checks` and `match`' });
  }
}

function lintEscalations({ alerting = {} }: Definition, report: Report): void {
  const channels = (alerting.channels ?? []).flatMap(({ type, name }) => [type, ...(name ? [name] : [])]);
  for (const [name, steps] of Object.entries(alerting.escalations ?? {})) {
    for (const [index, step] of steps.entries()) {
      for (const [position, channel] of (step.channels ?? []).entries()) {
        const path = ['alerting', 'escalations', name, index, 'channels', position];
        expectKnown('channel', channel, channels, path, report);
      }
    }
  }
}

function expectKnown(what: string, name: string, known: readonly string[], path: Path, report: Report): void {
  if (known.includes(name)) return;
  const near = nearest(name, known);
  const hint = near ? `did you mean \`${near}\`?` : `known: ${known.join(', ') || 'none'}`;
  report({ path, message: `there is no ${what} \`${name}\``, hint });
}
