import { formatDuration, parseDuration } from '../../config/duration.ts';
import type { Check } from '../definition.ts';
import type { Finding, LintRule } from './define.ts';

type Report = (finding: Finding) => void;

const shortestIntervalMs = 1_000;

/** A probe must be over before the next one is due, whatever happens to it. */
export const lintTimings: LintRule = ({ definition, scopes }, report) => {
  for (const { name, overrides, checks } of scopes) {
    for (const { check, index } of checks) {
      const overridden = overrides.interval_override !== undefined;
      lintCheck(check, index, overridden ? ` in the environment \`${name}\`` : '', report);
    }
  }
  for (const [name, steps] of Object.entries(definition.alerting?.escalations ?? {})) {
    for (const [index, { after }] of steps.entries()) {
      const before = index > 0 ? steps[index - 1]?.after : undefined;
      if (before === undefined || parseDuration(before) < parseDuration(after)) continue;
      report({
        path: ['alerting', 'escalations', name, index, 'after'],
        message: `this step comes ${after} after the alert, and the one above it ${before} after`,
        hint: 'steps stand in the order of time',
      });
    }
  }
};

function lintCheck(check: Check, index: number, where: string, report: Report): void {
  const path = ['checks', index];
  const [interval, timeout] = [parseDuration(check.interval), parseDuration(check.timeout)];
  if (interval < shortestIntervalMs) {
    report({
      path: [...path, 'interval'],
      message: `the interval is ${check.interval}${where}`,
      hint: 'from 1s',
    });
    return;
  }
  if (timeout === 0) {
    report({ path: [...path, 'timeout'], message: 'the time-out is nothing', hint: 'such as 5s' });
    return;
  }
  const worst = worstMs(check, timeout);
  if (worst > interval) {
    const retries = check.retries ? ` with its ${check.retries.count} retries` : '';
    report({
      path: [...path, check.retries ? 'retries' : 'timeout'],
      message: `a probe of \`${check.name}\` may take ${formatDuration(worst)}${retries}, and the next is due after ${check.interval}${where}`,
      hint: 'shorten the time-out, take retries away, or probe less often',
    });
  }
  if (check.type === 'websocket') lintTurns(check, timeout, path, report);
}

function lintTurns(
  { conversation = [], timeout: text }: Extract<Check, { type: 'websocket' }>,
  timeout: number,
  path: readonly (string | number)[],
  report: Report,
): void {
  for (const [position, turn] of conversation.entries()) {
    if (!('within' in turn) || turn.within === undefined || parseDuration(turn.within) <= timeout) continue;
    report({
      path: [...path, 'conversation', position, 'within'],
      message: `this turn may take ${turn.within}, and the whole probe ${text}`,
      hint: 'raise `timeout`, or shorten `within`',
    });
  }
}

/** The longest that one probe can take: every attempt to its time-out, and the pauses between. */
export function worstMs({ retries }: Check, timeout: number): number {
  if (!retries) return timeout;
  return timeout * (retries.count + 1) + parseDuration(retries.delay ?? '1s') * retries.count;
}
