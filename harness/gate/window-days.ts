import { RRuleTemporal } from 'rrule-temporal';
import type { WindowConfig } from '../config/windows.ts';
import { CountersignError } from '../errors.ts';

const known = new Set([
  'FREQ',
  'INTERVAL',
  'COUNT',
  'UNTIL',
  'BYDAY',
  'BYMONTH',
  'BYMONTHDAY',
  'BYYEARDAY',
  'BYWEEKNO',
  'BYSETPOS',
  'WKST',
]);
const defaultStart = '2000-01-01';

/**
 * Days, as `2026-11-25`, on which a window opens from one day to another, both included. The rule only names
 * days, so it is followed in UTC, where every day has 24 hours: a clock change can't swallow an occurrence.
 */
export function windowDays(window: WindowConfig, first: string, last: string): string[] {
  const problem = ruleProblem(window);
  if (problem) throw new CountersignError('CONFIG_INVALID', problem);
  const start = (window.dtstart ?? defaultStart).replaceAll('-', '');
  const rule = window.rrule.replace(/UNTIL=([0-9]{8})(?=;|$)/, 'UNTIL=$1T000000Z');
  try {
    const days = new RRuleTemporal({ rruleString: `DTSTART:${start}T000000Z\nRRULE:${rule}` });
    return days
      .between(new Date(`${first}T00:00:00Z`), new Date(`${last}T00:00:00Z`), true)
      .map((day) => day.toString().slice(0, 10));
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new CountersignError('CONFIG_INVALID', `the rule \`${window.rrule}\` cannot be followed: ${why}`);
  }
}

/** What the schema can't say about a rule. */
export function ruleProblem({ rrule, dtstart }: WindowConfig): string | undefined {
  const parts = rrule.split(';').map((part) => part.split('=', 2) as [string, string | undefined]);
  const names = parts.map(([name]) => name);
  const values = new Map(parts);
  const stray = names.find((name) => !known.has(name));
  if (stray !== undefined)
    return `\`${stray}\` has no place in a rule that names days; \`from\` gives the time`;
  if (values.size < parts.length || parts.some(([, value]) => !value)) {
    return 'each part of the rule is written once, as NAME=VALUE';
  }
  const until = values.get('UNTIL');
  if (until !== undefined && !/^[0-9]{8}$/.test(until)) return 'UNTIL is a date, such as 20261231';
  if (dtstart !== undefined) return undefined;
  const counted = ['INTERVAL', 'COUNT'].find((name) => values.has(name));
  if (counted) return `a rule with ${counted} needs \`dtstart\`, the first day that counts`;
  const frequency = values.get('FREQ');
  const named = frequency === 'WEEKLY' ? ['BYDAY'] : ['BYDAY', 'BYMONTHDAY', 'BYYEARDAY'];
  if (frequency === 'DAILY' || named.some((name) => values.has(name))) return undefined;
  return `the rule does not say which day is meant: add ${named.join(', or ')}, or \`dtstart\``;
}
