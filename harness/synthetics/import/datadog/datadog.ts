import type { JsonObject } from '../../../checks/json.ts';
import { formatDuration } from '../../../config/duration.ts';
import type { SyntheticCheck } from '../../check-schema.ts';
import type { Importer, Loss } from '../../export/define.ts';
import { type Ledger, openLedger } from '../../export/ledger.ts';
import { variableShape, withoutBraces } from '../braces.ts';
import { namer } from '../names.ts';
import { readObjects } from '../read-json.ts';
import { listOf, mapOf, mapsOf, refuseNothing, textOf } from '../read-text.ts';
import { tagsAndLabels } from '../service-tags.ts';
import { subtypes } from './subtests.ts';

/** Reads what `GET /api/v1/synthetics/tests` answers, one test, or what `synthetics export --to datadog` wrote. */
export const importer: Importer = {
  name: 'datadog',
  import(texts) {
    const losses: Loss[] = [];
    const nameFor = namer();
    const checks = texts
      .flatMap((text) => readObjects(text, 'tests'))
      .flatMap((test) => checkFrom(test, nameFor, losses) ?? []);
    refuseNothing(checks.length, texts, 'Datadog');
    return { definition: { version: '1.0', checks }, losses };
  },
};

/** What Datadog keeps for itself. */
const own = [
  'public_id',
  'monitor_id',
  'created_at',
  'modified_at',
  'creator',
  'type',
  'overall_state',
  'overall_state_modified',
];

function checkFrom(
  test: JsonObject,
  nameFor: (said: string) => string,
  losses: Loss[],
): SyntheticCheck | undefined {
  const said = String(test['name'] ?? 'check');
  const name = nameFor(said);
  const ledger = openLedger(name, test, losses);
  ledger.take('name');
  const subtype = textOf(ledger.take('subtype')) ?? 'http';
  const read = Object.hasOwn(subtypes, subtype) ? subtypes[subtype] : undefined;
  if (test['type'] !== 'api' || !read) {
    ledger.lose(
      'subtype',
      `${String(test['type'])} ${subtype}`,
      'we have no probe like it: the test is left out',
    );
    return undefined;
  }
  if (name !== said)
    ledger.lose('name', said, 'names of checks hold letters, digits, - and _, and are unique', name);
  for (const field of own) ledger.take(field);
  const config = mapOf(withoutBraces(ledger.take('config'), meaningIn(mapOf(test['config']))));
  const inside = ledger.inside('config', config);
  inside.take('configVariables');
  const part = read(inside, name, losses);
  inside.rest('our checks have nothing like it');
  const locations = listOf(ledger.take('locations')).map(String);
  const check = {
    name,
    ...descriptionFrom(ledger),
    ...part,
    ...(ledger.take('status') === 'paused' ? { active: false } : {}),
    ...tagsAndLabels(listOf(ledger.take('tags'))),
    ...(locations.length > 0 ? { locations } : {}),
    ...optionsFrom(ledger.inside('options', mapOf(ledger.take('options'))), subtype),
  };
  ledger.rest('our checks have nothing like it');
  return check as SyntheticCheck;
}

/** Values that steps take from answers are captures; other variables are secrets, since their values are not told. */
function meaningIn(config: JsonObject) {
  const values = mapsOf(config['steps']).flatMap((step) => mapsOf(step['extractedValues']));
  const captured = new Set(values.map(({ name }) => String(name)));
  return (inside: string) => {
    if (captured.has(inside)) return `capture.${inside.toLowerCase()}`;
    return variableShape.test(inside) ? `secret.${inside}` : undefined;
  };
}

function descriptionFrom(ledger: Ledger<JsonObject>): { description?: string } {
  const message = textOf(ledger.take('message')) ?? '';
  const mentions = message.match(/@[^\s]+/g);
  if (!mentions) return message === '' ? {} : { description: message };
  ledger.lose('message', mentions.join(' '), 'who is told stands under `alerting.channels`');
  const description = message.replace(/[\n ]?(@[^\s]+ ?)+$/, '');
  return description === '' ? {} : { description };
}

const usualIntervalMs = 60_000;
const usualFailures = 3;

function optionsFrom(options: Ledger<JsonObject>, subtype: string): object {
  const tick = Number(options.take('tick_every') ?? 60);
  const failing = Number(options.take('min_failure_duration') ?? 0);
  const failures = Math.floor(failing / tick) + 1;
  if (failing % tick !== 0)
    options.lose(
      'min_failure_duration',
      failing,
      'we count failures in a row',
      `failure_threshold ${failures}`,
    );
  const { count, interval = 300 } = mapOf(options.take('retry'));
  const places = options.take('min_location_failed') ?? 1;
  if (places !== 1) options.lose('min_location_failed', places, 'each place counts for itself');
  const monitor = options.inside('monitor_options', mapOf(options.take('monitor_options')));
  if (monitor.take('renotify_interval'))
    monitor.lose('renotify_interval', 'set', 'who is told again stands under `alerting.escalations`');
  monitor.rest('our checks have nothing like it');
  const selfSigned = options.take('accept_self_signed') === true && subtype === 'ssl';
  const more = Number(count ?? 0);
  options.rest('our checks have nothing like it');
  return {
    ...(tick * 1000 === usualIntervalMs ? {} : { interval: formatDuration(tick * 1000) }),
    ...(failures === usualFailures ? {} : { failure_threshold: Math.min(failures, 100) }),
    ...(more > 0 ? { retries: retriesOf(more, Number(interval)) } : {}),
    ...(selfSigned ? { insecure: true } : {}),
  };
}

const usualDelayMs = 1_000;

function retriesOf(count: number, delayMs: number): { count: number; delay?: string } {
  return { count, ...(delayMs === usualDelayMs ? {} : { delay: formatDuration(delayMs) }) };
}
