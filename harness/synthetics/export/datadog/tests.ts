import type { JsonObject } from '../../../checks/json.ts';
import { parseDuration } from '../../../config/duration.ts';
import type { Check } from '../../definition.ts';
import { messageFor } from '../alerts.ts';
import { type Exportable, type Loss, wholeFile } from '../define.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import { placesOf } from '../locations.ts';
import { alertingAt, failuresInARow, messagesFor } from '../one-alert.ts';
import { bracedFields, rewriteAll } from '../rewrite-all.ts';
import { secretsIn } from '../templates.ts';
import { notation, variableName } from './notation.ts';
import { type Subtest, subtests } from './request.ts';
import { mentionOf, tagsOf } from './words.ts';

export interface TestSettings {
  locations: string;
  given: boolean;
}

export interface NamedTest {
  check: string;
  test: JsonObject;
}

/** Every check as a test of `POST /api/v1/synthetics/tests/api`. */
export function testsOf(
  definition: Exportable,
  settings: TestSettings,
): { tests: NamedTest[]; losses: Loss[] } {
  const losses: Loss[] = [];
  const said = { service: 'Datadog', rules: ['message'], channel: mentionOf } as const;
  const mentions = alertingAt(definition, said, losses);
  const tests = definition.checks.flatMap((check) => {
    const test = testOf(check, definition, { ...settings, mentions }, losses);
    return test ? [{ check: check.name, test }] : [];
  });
  loseVariables(definition, losses);
  return { tests, losses };
}

/** Fields that resolving has dealt with, or that are said by others here. */
const handled = ['type', 'failure_threshold', 'environments'] as const;

function testOf(
  check: Check,
  definition: Exportable,
  settings: TestSettings & { mentions: readonly string[] },
  losses: Loss[],
): JsonObject | undefined {
  const ledger = openLedger(check.name, check, losses);
  const translate = subtests[check.type] as ((ledger: Ledger<Check>) => Subtest | undefined) | undefined;
  if (!translate) {
    ledger.lose('type', check.type, `Datadog can not run a ${check.type}: the check is left out`);
    return undefined;
  }
  for (const field of handled) ledger.take(field);
  const own = translate(ledger);
  if (!own) return undefined;
  const { subtype, config, options = {} } = own;
  for (const field of bracedFields(check))
    ledger.lose(field as 'name', '{{', 'Datadog fills in what stands between double braces');
  const variables = secretsIn(config).map((name) => ({ name: variableName(name), type: 'global' }));
  const test = {
    name: ledger.take('name'),
    type: 'api',
    subtype,
    status: ledger.take('active') ? 'live' : 'paused',
    tags: tagsOf(ledger),
    locations: placesOf(ledger, {
      service: 'Datadog',
      own: /^(aws|azure|gcp|pl):/,
      setting: settings.locations,
      given: settings.given,
    }),
    message: messageOf(ledger, check, definition, settings.mentions),
    config: {
      ...(rewriteAll(config, notation) as object),
      ...(variables.length === 0 ? {} : { configVariables: variables }),
    },
    options: { ...optionsOf(ledger, check, definition, losses), ...options },
  };
  ledger.rest((field) => reasons[field] ?? 'Datadog has nothing like it');
  return test;
}

const reasons: Readonly<Record<string, string>> = {
  depends_on: 'Datadog alerts for each test on its own',
  expect: 'Datadog has no such language',
  maintenance: 'downtimes of Datadog stand apart from its tests',
  max_bytes: 'Datadog has a bound of its own',
  send: 'a TCP test of Datadog connects, and sends nothing',
  tls: 'the test has no field for it',
  follow_to_private: 'Datadog follows to any address that it reaches',
};

function messageOf(
  ledger: Ledger<Check>,
  check: Check,
  definition: Exportable,
  mentions: readonly string[],
): string {
  const messages = messagesFor(check, definition).map((message) => messageFor(message, check));
  const description = ledger.take('description');
  if (description?.includes('@'))
    ledger.lose('description', description, 'Datadog tells whoever stands after an @ in it');
  return [description, ...messages, mentions.join(' ')].filter(Boolean).join('\n');
}

const shortestSeconds = 30;
const longestSeconds = 604_800;

function optionsOf(ledger: Ledger<Check>, check: Check, definition: Exportable, losses: Loss[]): object {
  const said = ledger.take('interval');
  const seconds = parseDuration(said) / 1000;
  const tick = Math.min(Math.max(Math.floor(seconds), shortestSeconds), longestSeconds);
  if (tick !== seconds)
    ledger.lose('interval', said, 'Datadog runs a test every 30 s to 7 days, in whole seconds', `${tick}s`);
  const failures = failuresInARow(check, definition, 'Datadog', losses);
  const duration = (failures - 1) * tick;
  if (duration > 0)
    ledger.lose(
      'failure_threshold',
      failures,
      'Datadog looks at the time that a test has been failing, not at how often it failed',
      `min_failure_duration ${duration}`,
    );
  const follow = check.type === 'http' ? (check.follow ?? 0) : 0;
  if (follow > 0) ledger.lose('follow' as 'name', follow, 'Datadog follows all redirects or none', 'all');
  return {
    tick_every: tick,
    min_failure_duration: duration,
    min_location_failed: 1,
    retry: retryOf(ledger),
    monitor_options: { renotify_interval: 0 },
  };
}

const mostRetries = 3;
const longestRetryMs = 5_000;

function retryOf(ledger: Ledger<Check>): { count: number; interval: number } {
  const said = ledger.take('retries');
  const delay = said?.delay ?? '1s';
  const count = Math.min(said?.count ?? 0, mostRetries);
  if (said === undefined) return { count: 0, interval: 300 };
  const interval = Math.min(parseDuration(delay), longestRetryMs);
  if (count !== said.count)
    ledger.lose('retries.count' as 'retries', said.count, 'Datadog retries 3 times at most', count);
  if (interval !== parseDuration(delay))
    ledger.lose(
      'retries.delay' as 'retries',
      delay,
      'Datadog waits 5 s at most before a retry',
      `${interval}ms`,
    );
  return { count, interval };
}

function loseVariables({ checks }: Exportable, losses: Loss[]): void {
  for (const name of secretsIn(checks)) {
    if (variableName(name) === name) continue;
    losses.push({
      check: wholeFile,
      field: 'secret',
      said: name,
      became: variableName(name),
      why: 'a global variable of Datadog has capitals, digits and underscores in its name',
    });
  }
}
