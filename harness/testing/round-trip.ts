import { isDeepStrictEqual } from 'node:util';
import { parseDuration } from '../config/duration.ts';
import type { Criterion } from '../synthetics/criteria-schema.ts';
import type { Check } from '../synthetics/definition.ts';
import { alertsOf } from '../synthetics/export/alerts.ts';
import { wholeRange } from '../synthetics/export/criteria.ts';
import type { Exportable, Loss } from '../synthetics/export/define.ts';
import { asLiteral } from '../synthetics/export/templates.ts';
import { weeklyWindow } from '../synthetics/export/weekly-window.ts';
import type { SyntheticsFile } from '../synthetics/schema.ts';
import { exportable } from './exportable.ts';

/** What came back otherwise than it went, and no loss says so: check and field. */
export function differences(before: Exportable, file: SyntheticsFile, losses: readonly Loss[]): string[] {
  const after = exportable({ ...file });
  const kept = withoutLost(before, losses);
  const names = before.checks.map(({ name }) => name);
  const found = names.flatMap((name) => {
    const [then, now] = [before, after].map(({ checks }) => checks.find((check) => check.name === name));
    if (!then || !now) return [`${name} is gone`];
    const own = losses.filter(({ check }) => check === name);
    return differ(meant(plain(then, kept)), meant(plain(now, after)), own).map((field) => `${name} ${field}`);
  });
  const extra = after.checks.filter(({ name }) => !names.includes(name)).map(({ name }) => `${name} is new`);
  return [...found, ...extra];
}

function differ(
  then: Record<string, unknown>,
  now: Record<string, unknown>,
  losses: readonly Loss[],
): string[] {
  const fields = new Set([...Object.keys(then), ...Object.keys(now)]);
  return [...fields].filter((field) => {
    if (isDeepStrictEqual(then[field], now[field])) return false;
    if (field === 'success_criteria') return !criteriaFit(then[field], now[field], losses);
    return !losses.some((loss) => isAbout(loss, field));
  });
}

/** Those that all criteria allow; undefined where none can, so that nothing could be said of it. */
function statuses(criteria: readonly Criterion[]): number[] | undefined {
  const lists = criteria.flatMap((each) =>
    'status_code' in each ? [new Set([each.status_code].flat().map(Number))] : [],
  );
  const [first = new Set<number>(), ...others] = lists;
  const allowed = [...others.reduce((both, list) => both.intersection(list), first)].sort();
  return allowed.length > 0 ? allowed : undefined;
}

interface Single {
  /** Of the criterion in the check. */
  index: number;
  text: string;
}

/** Those without a loss are all there; those beyond them are what the others became. */
function criteriaFit(then: unknown, now: unknown, losses: readonly Loss[]): boolean {
  const lost = losses.flatMap(({ field }) => /^success_criteria\.(\d+)\./.exec(field)?.[1] ?? []).map(Number);
  const told = losses.some(({ field }) => /^(conditions|modules)\b/.test(field));
  const texts = (now as Single[]).map(({ text }) => text);
  const wanted = (then as Single[]).filter(({ index }) => !lost.includes(index)).map(({ text }) => text);
  const extra = texts.filter((text) => !wanted.includes(text));
  return (
    wanted.every((text) => texts.includes(text) || told) && (extra.length === 0 || lost.length > 0 || told)
  );
}

/** Conditions and modules of others are what criteria and expressions become. */
function isAbout({ field, became = '' }: Loss, ours: string): boolean {
  const [first = ''] = field.replace(/^client\./, '').split('.');
  if (first === ours || became.startsWith(`${ours}:`)) return true;
  if (ours === 'status') return field === 'success_criteria';
  // What is probed more often must fail more often to fail as long.
  if (ours === 'failure_threshold' && first === 'interval') return true;
  if (ours === 'body' || ours === 'headers') return first === 'json';
  return ours === 'follow_to_private' && first === 'follow';
}

/** `$${` and a `${` that begins nothing are the same. */
function meant<T>(value: T): T {
  if (typeof value === 'string') return asLiteral(value.replaceAll('$${', () => '${')) as T;
  if (Array.isArray(value)) return value.map(meant) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, meant(each)])) as T;
}

/** A rule that was told as a loss is not looked for. */
function withoutLost(before: Exportable, losses: readonly Loss[]): Exportable {
  const { alerting } = before;
  if (!alerting?.rules) return before;
  const rules = alerting.rules.filter(
    (_rule, index) => !losses.some(({ field }) => field === `alerting.rules.${index}.condition`),
  );
  return { ...before, alerting: { ...alerting, rules } };
}

/** How many failures in a row alert somebody; it is the same whether the check says so or a rule. */
function inARow(check: Check, definition: Exportable): number[] {
  const numbers = alertsOf(check, definition).flatMap(({ condition }) =>
    condition.kind === 'consecutive' ? [condition.failures] : [],
  );
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** A check so that equal meanings are equal values. */
function plain(check: Check, definition: Exportable): Record<string, unknown> {
  const { maintenance = {} } = definition;
  const { success_criteria, interval, timeout, ...rest } = check as Check & {
    success_criteria?: readonly Criterion[];
  };
  const said = Object.entries(rest).filter(([, value]) => !isNothing(value));
  return {
    ...Object.fromEntries(said),
    interval: parseDuration(interval),
    timeout: parseDuration(timeout),
    maintenance: check.maintenance.map((name) => maintenance[name] && weeklyWindow(maintenance[name])),
    failure_threshold: inARow(check, definition),
    ...sent(check),
    ...sameTls(check),
    ...(check.type === 'http' && !check.follow ? { follow_to_private: undefined } : {}),
    success_criteria: (success_criteria ?? []).flatMap((criterion, index) =>
      singles(criterion).map((text) => ({ index, text })),
    ),
    status: statuses(success_criteria ?? []),
  };
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === false || value === 0 || value === 'A') return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** To open a connection with TLS, and say nothing, is to look at the certificate. */
function sameTls(check: Check): object {
  return check.type === 'tcp' && check.tls && check.send === undefined ? { type: 'tls', tls: undefined } : {};
}

/** What goes over the wire: JSON is a body with a type. */
function sent(check: Check): object {
  if (check.type !== 'http') return {};
  const { json, body, headers = {}, method = 'GET' } = check;
  if (json === undefined)
    return {
      method,
      ...(body === undefined ? {} : { body }),
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
    };
  const typed = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  const all = typed ? headers : { ...headers, 'Content-Type': 'application/json' };
  return { method, json: undefined, body: JSON.stringify(json), headers: all };
}

/** Each criterion on its own, as text: a list of texts is as many criteria, and `<800` is `<=799`. */
function singles(criterion: Criterion): string[] {
  return Object.entries(criterion).flatMap(([name, said]) => {
    if (name === 'serving' && said === true) return [];
    if (name === 'response_time_ms' || name === 'certificate_days') {
      const bounds = Object.entries(wholeRange(String(said)) ?? { never: said });
      return bounds.map(([end, bound]) => `${name} ${end} ${bound}`);
    }
    if (name === 'status_code') return [];
    if (name === 'body_json' || name === 'headers_contain')
      return Object.entries(said as object).map((each) => `${name} ${JSON.stringify(each)}`);
    return [said].flat().map((each) => `${name} ${JSON.stringify(each)}`);
  });
}
