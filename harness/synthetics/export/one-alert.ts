import { parseCondition } from '../condition.ts';
import type { Check } from '../definition.ts';
import type { AlertChannel } from '../schema.ts';
import { alertsOf, isAbout, isWithinAnyway } from './alerts.ts';
import { type Exportable, type Loss, wholeFile } from './define.ts';
import { openLedger } from './ledger.ts';

/**
 * Failures in a row after which a service that has one alert a test tells somebody: the check's own threshold.
 * Rules that say more than that become losses.
 */
export function failuresInARow(
  check: Check,
  definition: Exportable,
  service: string,
  losses: Loss[],
): number {
  for (const { condition, rule, index } of alertsOf(check, definition)) {
    if (condition.kind !== 'consecutive' || !rule) continue;
    const lose = (why: string) =>
      losses.push({
        check: check.name,
        field: `alerting.rules.${index}.condition`,
        said: rule.condition,
        why,
      });
    if (condition.failures !== check.failure_threshold)
      lose(`${service} has one threshold a test, and that is \`failure_threshold\``);
    else if (!isWithinAnyway(condition, check))
      lose(`${service} does not look at the time that failures take`);
  }
  return check.failure_threshold;
}

/** What the rules say to a person about a check, in the order of the file. */
export function messagesFor(check: Check, { alerting }: Exportable): string[] {
  return (alerting?.rules ?? []).flatMap((rule) =>
    isAbout(rule, check) && isConsecutive(rule.condition) && rule.message !== undefined ? [rule.message] : [],
  );
}

/** All failures of so many are failures in a row. */
function isConsecutive(text: string): boolean {
  const condition = parseCondition(text);
  return (
    condition.kind === 'consecutive' || (condition.kind === 'share' && condition.failures === condition.of)
  );
}

interface Said {
  service: string;
  /** Fields of rules that the target deals with. */
  rules: readonly ('message' | 'severity')[];
  /** What becomes of a channel; undefined, and the reason, for one that can't be said. */
  channel(channel: AlertChannel): { said: string } | { why: string };
}

/** Channels of the file in the words of a service; what else stands under `alerting` becomes losses. */
export function alertingAt({ alerting = {} }: Exportable, said: Said, losses: Loss[]): string[] {
  const file = openLedger(wholeFile, alerting, losses, 'alerting.');
  const channels = (file.take('channels') ?? []).flatMap((channel, index) => {
    const answer = channel.enabled ? said.channel(channel) : { why: 'it is not enabled' };
    if ('said' in answer) return [answer.said];
    file.lose(`channels.${index}` as 'channels', channel, answer.why);
    return [];
  });
  for (const [index, rule] of (file.take('rules') ?? []).entries()) {
    const ledger = openLedger(wholeFile, rule, losses, `alerting.rules.${index}.`);
    for (const field of ['name', 'checks', 'match', 'condition', ...said.rules] as const) ledger.take(field);
    if (!isConsecutive(rule.condition)) {
      ledger.lose(
        'condition',
        rule.condition,
        `${said.service} counts failures in a row: the rule is left out`,
      );
      continue;
    }
    ledger.rest(`an alert of ${said.service} has nothing like it`);
  }
  file.rest(`${said.service} has nothing like it`);
  return channels;
}
