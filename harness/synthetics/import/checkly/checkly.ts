import type { JsonObject } from '../../../checks/json.ts';
import { formatDuration } from '../../../config/duration.ts';
import type { SyntheticCheck } from '../../check-schema.ts';
import { secondsOf } from '../../export/checkly/frequency.ts';
import type { Importer, Loss } from '../../export/define.ts';
import { type Ledger, openLedger } from '../../export/ledger.ts';
import { variableShape, withoutBraces } from '../braces.ts';
import { namer } from '../names.ts';
import { readObjects } from '../read-json.ts';
import { listOf, mapOf, refuseNothing, textOf } from '../read-text.ts';
import { tagsAndLabels } from '../service-tags.ts';
import { parts } from './parts.ts';

/** Reads what `GET /v1/checks` answers, one check, or what `synthetics export --to checkly --set format=api` wrote. */
export const importer: Importer = {
  name: 'checkly',
  import(texts) {
    const losses: Loss[] = [];
    const nameFor = namer();
    const checks = texts
      .flatMap((text) => readObjects(text))
      .flatMap((check) => checkFrom(check, nameFor, losses) ?? []);
    refuseNothing(checks.length, texts, 'Checkly');
    return { definition: { version: '1.0', checks }, losses };
  },
};

/** What Checkly keeps for itself, or decides where we have nothing to decide. */
const own = [
  'id',
  'created_at',
  'updated_at',
  'runtimeId',
  'doubleCheck',
  'runParallel',
  'degradedResponseTime',
  'shouldFail',
  'accountId',
];

const variable = (inside: string) => (variableShape.test(inside) ? `secret.${inside}` : undefined);

function checkFrom(
  check: JsonObject,
  nameFor: (said: string) => string,
  losses: Loss[],
): SyntheticCheck | undefined {
  const said = String(check['name'] ?? 'check');
  const name = nameFor(said);
  const ledger = openLedger(name, check, losses);
  ledger.take('name');
  const type = String(ledger.take('checkType'));
  const read = Object.hasOwn(parts, type) ? parts[type] : undefined;
  if (!read) {
    ledger.lose('checkType', type, 'we have no probe like it: the check is left out');
    return undefined;
  }
  if (name !== said)
    ledger.lose('name', said, 'names of checks hold letters, digits, - and _, and are unique', name);
  for (const field of own) ledger.take(field);
  const request = ledger.inside('request', mapOf(withoutBraces(ledger.take('request'), variable)));
  const locations = listOf(ledger.take('locations')).map(String);
  const description = textOf(ledger.take('description'));
  const imported = {
    name,
    ...(description ? { description } : {}),
    ...read(request),
    ...(ledger.take('activated') === false ? { active: false } : {}),
    ...tagsAndLabels(listOf(ledger.take('tags'))),
    ...(locations.length > 0 ? { locations } : {}),
    ...intervalFrom(ledger),
    ...timeoutFrom(ledger),
    ...thresholdFrom(ledger),
    ...retriesFrom(ledger),
  };
  ledger.rest('our checks have nothing like it');
  return imported as SyntheticCheck;
}

const usualMs = 60_000;

function intervalFrom(ledger: Ledger<JsonObject>): { interval?: string } {
  const [frequency, frequencyOffset] = [
    Number(ledger.take('frequency') ?? 10),
    Number(ledger.take('frequencyOffset') ?? 10),
  ];
  const ms = secondsOf({ frequency, frequencyOffset }) * 1000;
  return ms === usualMs ? {} : { interval: formatDuration(ms) };
}

const usualTimeoutMs = 10_000;

function timeoutFrom(ledger: Ledger<JsonObject>): { timeout?: string } {
  const ms = ledger.take('maxResponseTime');
  return typeof ms === 'number' && ms > 0 && ms !== usualTimeoutMs ? { timeout: formatDuration(ms) } : {};
}

const usualFailures = 3;

function thresholdFrom(ledger: Ledger<JsonObject>): { failure_threshold?: number } {
  const settings = ledger.inside('alertSettings', mapOf(ledger.take('alertSettings')));
  const global = ledger.take('useGlobalAlertSettings') === true;
  for (const field of ['reminders', 'parallelRunFailureThreshold', 'timeBasedEscalation'])
    settings.take(field);
  const type = settings.take('escalationType') ?? 'RUN_BASED';
  const { failedRunThreshold = 1 } = mapOf(settings.take('runBasedEscalation'));
  if (global) {
    ledger.lose(
      'useGlobalAlertSettings',
      true,
      'those of the account are not in the file',
      `failure_threshold ${usualFailures}`,
    );
    return {};
  }
  if (type !== 'RUN_BASED') {
    settings.lose('escalationType', type, 'we count failures in a row', `failure_threshold ${usualFailures}`);
    return {};
  }
  settings.rest('our checks have nothing like it');
  return failedRunThreshold === usualFailures ? {} : { failure_threshold: Number(failedRunThreshold) };
}

const usualDelaySeconds = 1;

function retriesFrom(ledger: Ledger<JsonObject>): { retries?: { count: number; delay?: string } } {
  const said = mapOf(ledger.take('retryStrategy'));
  const { type, baseBackoffSeconds = 60, maxRetries = 1 } = said;
  if (type === undefined || type === 'NO_RETRIES') return {};
  const delay = Number(baseBackoffSeconds);
  const retries = {
    count: Math.min(Number(maxRetries), 10),
    ...(delay === usualDelaySeconds ? {} : { delay: formatDuration(delay * 1000) }),
  };
  if (type !== 'FIXED' && type !== 'SINGLE_RETRY')
    ledger.lose('retryStrategy', said, 'our retries come at one pace', retries);
  return { retries };
}
