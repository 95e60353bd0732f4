import type { JsonObject } from '../../../checks/json.ts';
import type { WindowConfig } from '../../../config/windows.ts';
import type { SyntheticCheck } from '../../check-schema.ts';
import { type Importer, type Loss, wholeFile } from '../../export/define.ts';
import { openLedger } from '../../export/ledger.ts';
import { windowOf } from '../../export/weekly-window.ts';
import type { AlertRule, SyntheticsFile } from '../../schema.ts';
import { fromGo } from '../go-duration.ts';
import { namer } from '../names.ts';
import { listOf, mapOf, mapsOf, readMap, refuseNothing, textOf, textsOf } from '../read-text.ts';
import { channelsOf, enabledIn, thresholdsOf } from './alerts.ts';
import { readConditions } from './conditions.ts';
import { type EndpointLedger, ownPart } from './endpoint.ts';
import { inOurWords } from './variables.ts';

export const importer: Importer = {
  name: 'gatus',
  import(texts) {
    const losses: Loss[] = [];
    const files = texts.map((text) => inOurWords(readMap(text)) as JsonObject);
    const endpoints = files.flatMap((file) => mapsOf(file['endpoints']));
    const nameFor = namer();
    const windows: Record<string, WindowConfig> = {};
    const rules: AlertRule[] = [];
    const checks = endpoints.flatMap((endpoint) => {
      const check = checkOf(endpoint, { nameFor, windows, rules, losses });
      return check ? [check] : [];
    });
    refuseNothing(checks.length, texts, 'Gatus');
    const channels = files.flatMap((file) =>
      channelsOf(mapOf(file['alerting']), enabledIn(endpoints), losses),
    );
    for (const file of files) {
      const ledger = openLedger(wholeFile, file, losses);
      ledger.take('endpoints');
      ledger.take('alerting');
      ledger.rest('a file of checks holds checks, and who is told');
    }
    const alerting = { ...(channels.length > 0 ? { channels } : {}), ...(rules.length > 0 ? { rules } : {}) };
    const definition: SyntheticsFile = {
      version: '1.0',
      checks,
      ...(Object.keys(alerting).length > 0 ? { alerting } : {}),
      ...(Object.keys(windows).length > 0 ? { maintenance: windows } : {}),
    };
    return { definition, losses };
  },
};

interface Shared {
  nameFor(said: string): string;
  windows: Record<string, WindowConfig>;
  rules: AlertRule[];
  losses: Loss[];
}

function checkOf(
  endpoint: JsonObject,
  { nameFor, windows, rules, losses }: Shared,
): SyntheticCheck | undefined {
  const said = String(endpoint['name'] ?? 'check');
  const name = nameFor(said);
  const ledger = openLedger(name, endpoint, losses);
  ledger.take('name');
  if (name !== said)
    ledger.lose('name', said, 'names of checks hold letters, digits, - and _, and are unique', name);
  const conditions = listOf(ledger.take('conditions')).map(String);
  const read = readConditions(conditions, (index, why, became) =>
    ledger.lose(`conditions.${index}`, conditions[index] ?? '', why, became),
  );
  const own = ownPart(ledger, read);
  if (!own) return undefined;
  const { check, rules: further } = thresholdsOf(ledger, name);
  rules.push(...further);
  const maintenance = windowsOf(ledger, name, windows);
  const labels = textsOf(ledger.take('extra-labels'));
  const group = textOf(ledger.take('group'));
  if (group !== undefined) ledger.lose('group', group, 'our checks have no groups', `labels.group: ${group}`);
  const all = { ...labels, ...(group === undefined ? {} : { group }) };
  const imported = {
    name,
    ...check,
    ...own,
    ...(ledger.take('enabled') === false ? { active: false } : {}),
    ...durationOf(ledger, 'interval', '60s'),
    ...clientOf(ledger, own.type === undefined),
    ...(Object.keys(all).length > 0 ? { labels: all } : {}),
    ...(maintenance.length > 0 ? { maintenance } : {}),
  };
  ledger.rest('our checks have nothing like it');
  return imported as SyntheticCheck;
}

/** A duration under our name for it, unless it is what holds anyway. */
function durationOf(ledger: EndpointLedger, field: 'interval' | 'timeout', usual: string): object {
  const said = ledger.take(field);
  if (said === undefined) return {};
  const read = fromGo(said);
  if (!read || read.text === '0s') {
    ledger.lose(field, said, 'it is no duration', usual);
    return {};
  }
  if (!read.exact) ledger.lose(field, said, 'our durations are whole milliseconds', read.text);
  return read.text === usual || (usual === '60s' && read.text === '1m') ? {} : { [field]: read.text };
}

function clientOf(endpoint: EndpointLedger, isHttp: boolean): object {
  const ledger = endpoint.inside('client', mapOf(endpoint.take('client')));
  const timeout = durationOf(ledger, 'timeout', '10s');
  const insecure = ledger.take('insecure') === true ? { insecure: true } : {};
  const ignores = ledger.take('ignore-redirect') === true;
  ledger.rest('our probe has nothing like it');
  if (!isHttp || ignores) return { ...timeout, ...insecure };
  ledger.lose('ignore-redirect', 'false', 'our probe follows up to ten redirects', 'follow: 10');
  return { ...timeout, ...insecure, follow: 10, follow_to_private: true };
}

function windowsOf(ledger: EndpointLedger, check: string, windows: Record<string, WindowConfig>): string[] {
  return mapsOf(ledger.take('maintenance-windows')).flatMap((said, index) => {
    if (said['enabled'] === false) return [];
    const length = fromGo(said['duration']);
    const start = textOf(said['start']);
    const durationMs = length ? minutesOf(length.text) * 60_000 : 0;
    if (start === undefined || durationMs === 0) {
      ledger.lose(`maintenance-windows.${index}`, said, 'it has no beginning or no length');
      return [];
    }
    const days = listOf(said['every']).map(String);
    const window = windowOf({ days, start, durationMs, zone: textOf(said['timezone']) ?? 'UTC' });
    const known = Object.entries(windows).find(
      ([, other]) => JSON.stringify(other) === JSON.stringify(window),
    );
    const name = known?.[0] ?? `${check.toLowerCase()}_${index + 1}`.slice(0, 64);
    windows[name] = window;
    return [name];
  });
}

function minutesOf(text: string): number {
  const units: Record<string, number> = { d: 1440, h: 60, m: 1, s: 1 / 60 };
  return [...text.matchAll(/([0-9]+)([dhms])/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
}
