import type { Check } from '../../definition.ts';
import type { AlertRule } from '../../schema.ts';
import { alertsOf, type CheckAlert, isWithinAnyway, messageFor } from '../alerts.ts';
import { type Exportable, type Loss, wholeFile } from '../define.ts';
import { openLedger } from '../ledger.ts';
import { asLiteral } from '../templates.ts';

type Provider = 'slack' | 'pagerduty' | 'custom';

export interface Alert {
  type: Provider;
  enabled: boolean;
  'failure-threshold': number;
  'success-threshold': number;
  'send-on-resolved': boolean;
  description?: string;
}

interface Channel {
  provider: Provider;
  enabled: boolean;
}

const bodyOfWebhook = JSON.stringify({
  check: '[ENDPOINT_NAME]',
  state: '[ALERT_TRIGGERED_OR_RESOLVED]',
  description: '[ALERT_DESCRIPTION]',
});

const providers: Readonly<Record<string, (secret: string) => [Provider, object]>> = {
  slack: (secret) => ['slack', { 'webhook-url': secret }],
  pagerduty: (secret) => ['pagerduty', { 'integration-key': secret }],
  webhook: (secret) => ['custom', { url: secret, method: 'POST', body: bodyOfWebhook }],
};

/** The `alerting` of a configuration, and which channels it can reach. */
export function alertingOf({ alerting = {} }: Exportable, losses: Loss[]) {
  const settings: Partial<Record<Provider, object>> = {};
  const channels: Channel[] = [];
  const file = openLedger(wholeFile, alerting, losses, 'alerting.');
  for (const [index, channel] of (file.take('channels') ?? []).entries()) {
    const lose = (why: string) => file.lose(`channels.${index}`, channel, why);
    const ledger = file.inside(`channels.${index}`, channel);
    const configure = providers[ledger.take('type')];
    const secret = ledger.take('secret');
    if (!configure) lose(`Gatus has no channel of this type that a secret alone would set up`);
    else if (secret === undefined) lose('Gatus needs the secret with its URL or key');
    else {
      const [provider, setting] = configure(`\${secret.${secret}}`);
      if (settings[provider]) lose(`Gatus has one channel of type ${provider}`);
      else {
        settings[provider] = setting;
        channels.push({ provider, enabled: ledger.take('enabled') });
        if (provider === 'custom')
          ledger.lose('type', channel.type, 'what Gatus sends has a shape of its own', provider);
        ledger.rest('Gatus has nothing like it');
      }
    }
  }
  loseRules(file.take('rules') ?? [], channels.length > 0, losses);
  file.rest('Gatus has nothing like it');
  return { settings, channels };
}

const inARow = 'Gatus counts failures in a row, and nothing else: the rule is left out';
const noChannel = 'an alert of Gatus needs a channel: the rule is left out';

/** What rules say beyond failures in a row. */
function loseRules(rules: readonly AlertRule[], hasChannel: boolean, losses: Loss[]): void {
  for (const [index, rule] of rules.entries()) {
    const ledger = openLedger(wholeFile, rule, losses, `alerting.rules.${index}.`);
    const counts = /^\s*consecutive_failures\b/.test(rule.condition) || isAllOf(rule.condition);
    if (!hasChannel || !counts) ledger.lose('condition', rule.condition, counts ? noChannel : inARow);
    else {
      for (const field of ['name', 'condition', 'checks', 'match', 'message'] as const) ledger.take(field);
      ledger.rest('alerts of Gatus have nothing like it');
    }
  }
}

function isAllOf(condition: string): boolean {
  const [, failures, of] = /^\s*failures\s*>=\s*(\d+)\s+of\s+(\d+)\s*$/.exec(condition) ?? [];
  return failures !== undefined && failures === of;
}

/** The alerts of one endpoint. */
export function alertsFor(
  check: Check,
  definition: Exportable,
  channels: readonly Channel[],
  losses: Loss[],
): Alert[] {
  const lose = (field: string, said: string, why: string) =>
    losses.push({ check: check.name, field, said, why });
  if (channels.length === 0) {
    if (check.failure_threshold !== 3)
      lose('failure_threshold', String(check.failure_threshold), 'an alert of Gatus needs a channel');
    if (check.description !== undefined)
      lose(
        'description',
        check.description,
        'only alerts have one in Gatus, and there is no channel for any',
      );
    return [];
  }
  const alerts = alertsOf(check, definition);
  return alerts.flatMap((alert) => {
    if (alert.condition.kind !== 'consecutive') return [];
    if (!isWithinAnyway(alert.condition, check))
      lose(
        'failure_threshold',
        alert.rule?.condition ?? '',
        'Gatus does not look at the time that failures take',
      );
    const description = descriptionOf(alert, check, losses);
    const failures = alert.condition.failures;
    return channels.map(({ provider, enabled }) => ({
      type: provider,
      enabled,
      'failure-threshold': failures,
      'success-threshold': 1,
      'send-on-resolved': true,
      ...(description === undefined ? {} : { description }),
    }));
  });
}

/** Gatus refuses quotes and backslashes in it, and takes [BODY] for the body. */
function descriptionOf({ rule, condition }: CheckAlert, check: Check, losses: Loss[]): string | undefined {
  const own = condition.kind === 'consecutive' && condition.failures === check.failure_threshold;
  const message = rule?.message === undefined ? undefined : messageFor(rule.message, check);
  if (own && message !== undefined && check.description !== undefined && message !== check.description) {
    losses.push({
      check: check.name,
      field: 'description',
      said: check.description,
      became: message,
      why: 'an alert of Gatus has one text, and that is the message of the rule',
    });
  }
  const text = message ?? (own ? check.description : undefined);
  const plain = text?.replaceAll(/["\\]|\[BODY\]/g, '');
  if (plain !== text && text !== undefined) {
    losses.push({
      check: check.name,
      field: 'description',
      said: text,
      became: plain ?? '',
      why: 'Gatus refuses quotes, backslashes and [BODY] there',
    });
  }
  return plain === '' || plain === undefined ? undefined : asLiteral(plain);
}
