import type { JsonObject } from '../../../checks/json.ts';
import type { SyntheticCheck } from '../../check-schema.ts';
import type { Loss } from '../../export/define.ts';
import { wholeFile } from '../../export/define.ts';
import { openLedger } from '../../export/ledger.ts';
import { plain } from '../../export/templates.ts';
import type { AlertChannel, AlertRule } from '../../schema.ts';
import { mapOf, mapsOf, textOf } from '../read-text.ts';
import type { EndpointLedger } from './endpoint.ts';

const keys: Readonly<Record<string, [AlertChannel['type'], string]>> = {
  slack: ['slack', 'webhook-url'],
  pagerduty: ['pagerduty', 'integration-key'],
  custom: ['webhook', 'url'],
};

/** Fields of `custom` that say how it is told; ours has a shape of its own. */
const shapeOfCustom = ['method', 'body', 'headers'];

/** The channels that our file can name. A key in plain text is not repeated: it was never meant to be read. */
export function channelsOf(
  alerting: JsonObject,
  enabled: ReadonlySet<string>,
  losses: Loss[],
): AlertChannel[] {
  return Object.entries(alerting).flatMap(([provider, said]) => {
    const [type, key] = keys[provider] ?? [];
    const ledger = openLedger(wholeFile, mapOf(said), losses, `alerting.${provider}.`);
    if (type === undefined || key === undefined) {
      losses.push({
        check: wholeFile,
        field: `alerting.${provider}`,
        said: 'settings',
        why: 'our alerts have no channel of this type',
      });
      return [];
    }
    const secret = secretOf(ledger.take(key), provider, key, losses);
    if (provider === 'custom') for (const field of shapeOfCustom) ledger.take(field);
    if (provider === 'custom') ledger.lose('body', 'its own', 'our webhook sends a shape of its own', 'ours');
    for (const field of Object.keys(mapOf(said))) {
      if (field !== key && !shapeOfCustom.includes(field)) ledger.take(field);
      if (field !== key && !shapeOfCustom.includes(field))
        ledger.lose(field, 'settings', 'our channel has nothing like it');
    }
    return [{ type, secret, enabled: enabled.has(provider) }];
  });
}

function secretOf(said: unknown, provider: string, key: string, losses: Loss[]): string {
  const [, name] = /^\$\{secret\.([^}]+)\}$/.exec(textOf(said) ?? '') ?? [];
  if (name !== undefined) return name;
  const became = `${provider}_${key}`.toUpperCase().replaceAll('-', '_');
  const why = 'a secret stands in the file by its name only';
  losses.push({ check: wholeFile, field: `alerting.${provider}.${key}`, said: 'a text', became, why });
  return became;
}

/** What alerts of an endpoint say: its own threshold, and rules for further ones. */
export function thresholdsOf(
  ledger: EndpointLedger,
  name: string,
): { check: Partial<SyntheticCheck>; rules: AlertRule[] } {
  const alerts = mapsOf(ledger.take('alerts'));
  const described = new Set<string>();
  const thresholds = new Set<number>();
  for (const [index, alert] of alerts.entries()) {
    const own = ledger.inside(`alerts.${index}`, alert);
    own.take('type');
    own.take('enabled');
    const failures = own.take('failure-threshold');
    thresholds.add(typeof failures === 'number' && failures > 0 ? failures : 3);
    const successes = own.take('success-threshold') ?? 2;
    if (successes !== 1) own.lose('success-threshold', successes, 'our alert ends with the first success', 1);
    if (own.take('send-on-resolved') !== true)
      own.lose('send-on-resolved', 'false', 'our channels are told when it is over', 'true');
    const description = textOf(own.take('description'));
    if (description !== undefined) described.add(plain(description));
    own.rest('our alerts have nothing like it');
  }
  const [first, ...others] = [...thresholds].sort((a, b) => a - b);
  const [description, ...more] = described;
  if (more.length > 0) ledger.lose('alerts.description', more, 'a check has one description');
  return {
    check: {
      ...(description === undefined ? {} : { description }),
      ...(first === undefined || first === 3 ? {} : { failure_threshold: Math.min(first, 100) }),
    },
    rules: others.map((failures) => ({
      name: `${name.toLowerCase()}_${failures}`.slice(0, 64),
      condition: `consecutive_failures >= ${failures}`,
      severity: 'critical' as const,
      checks: [name],
    })),
  };
}

/** Providers through which some endpoint alerts. */
export function enabledIn(endpoints: readonly JsonObject[]): Set<string> {
  const alerts = endpoints.flatMap((endpoint) => mapsOf(endpoint['alerts']));
  return new Set(alerts.filter(({ enabled }) => enabled !== false).map(({ type }) => String(type)));
}
