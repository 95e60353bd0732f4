import { parseDuration } from '../../../config/duration.ts';
import type { Check, CheckOf } from '../../definition.ts';
import { asList, wholeRange } from '../criteria.ts';
import { type Exportable, type Loss, wholeFile } from '../define.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import { placesOf } from '../locations.ts';
import { alertingAt } from '../one-alert.ts';
import { rewrite, secretsIn } from '../templates.ts';
import { credentialName } from './code.ts';
import { scriptOf } from './script.ts';

export interface MonitorSettings {
  locations: string;
  given: boolean;
  runtime: string;
}

export const monitorTypes = ['SIMPLE', 'SCRIPT_API', 'CERT_CHECK'] as const;
export type MonitorType = (typeof monitorTypes)[number];

export interface Tag {
  key: string;
  values: string[];
}

/** `input` is what the mutation of its type takes as `monitor`. */
export interface Monitor {
  type: MonitorType;
  input: Record<string, unknown> & { name: string; tags: Tag[] };
}

export interface NamedMonitor {
  check: string;
  monitor: Monitor;
}

/** Every check as a monitor of NerdGraph. */
export function monitorsOf(
  definition: Exportable,
  settings: MonitorSettings,
): { monitors: NamedMonitor[]; losses: Loss[] } {
  const losses: Loss[] = [];
  const channel = () => ({ why: 'alert policies of New Relic stand apart from its monitors' });
  alertingAt(definition, { service: 'New Relic', rules: [], channel }, losses);
  const monitors = definition.checks.flatMap((check) => {
    const monitor = monitorOf(check, settings, losses);
    return monitor ? [{ check: check.name, monitor }] : [];
  });
  for (const name of secretsIn(definition.checks)) {
    if (credentialName(name) === name) continue;
    const why = 'a secure credential has capitals, digits and underscores in its name';
    losses.push({ check: wholeFile, field: 'secret', said: name, became: credentialName(name), why });
  }
  return { monitors, losses };
}

function monitorOf(check: Check, settings: MonitorSettings, losses: Loss[]): Monitor | undefined {
  const ledger = openLedger(check.name, check, losses);
  if (check.type !== 'http' && check.type !== 'tls') {
    ledger.lose('type', check.type, `New Relic has no monitor for ${check.type}: the check is left out`);
    return undefined;
  }
  for (const field of ['type', 'environments'] as const) ledger.take(field);
  const own =
    check.type === 'tls'
      ? certificateMonitor(ledger as Ledger<CheckOf<'tls'>>)
      : webMonitor(ledger as Ledger<CheckOf<'http'>>, check, settings);
  const input = {
    name: ledger.take('name'),
    period: periodOf(ledger),
    status: ledger.take('active') ? 'ENABLED' : 'DISABLED',
    locations: {
      public: placesOf(ledger, {
        service: 'New Relic',
        own: /^[A-Z]{2}(_[A-Z]+)+_[0-9]$/,
        setting: settings.locations,
        given: settings.given,
      }),
    },
    tags: tagsOf(ledger),
    ...own.input,
  };
  const failures = ledger.take('failure_threshold');
  ledger.lose(
    'failure_threshold',
    failures,
    'New Relic tries three times by itself; alert conditions stand apart from its monitors',
  );
  ledger.rest((field) => reasons[field] ?? 'New Relic has nothing like it');
  return { type: own.type, input };
}

const reasons: Readonly<Record<string, string>> = {
  depends_on: 'alert conditions stand apart from monitors',
  expect: 'New Relic has no such language',
  maintenance: 'downtimes of New Relic stand apart from its monitors',
  retries: 'New Relic tries three times by itself',
  description: 'a monitor has no description',
  max_bytes: 'New Relic has a bound of its own',
  timeout: 'New Relic has a time-out of its own',
  follow_to_private: 'New Relic follows to any address that it reaches',
};

type Own = { type: MonitorType; input: Record<string, unknown> };

/** A ping where that says all of the check, else a script. */
function webMonitor(
  ledger: Ledger<CheckOf<'http'>>,
  check: CheckOf<'http'>,
  { runtime }: MonitorSettings,
): Own {
  const text = isPing(check);
  if (text === undefined) {
    const script = scriptOf(ledger);
    const runtimeOf = { runtimeType: 'NODE_API', runtimeTypeVersion: runtime, scriptLanguage: 'JAVASCRIPT' };
    return { type: 'SCRIPT_API', input: { runtime: runtimeOf, script } };
  }
  for (const field of ['method', 'success_criteria', 'follow', 'follow_to_private'] as const)
    ledger.take(field);
  const headers = Object.entries(ledger.take('headers') ?? {});
  const advancedOptions = {
    customHeaders: headers.map(([name, value]) => ({ name, value: plain(value) })),
    redirectIsFailure: true,
    responseValidationText: plain(text),
    shouldBypassHeadRequest: true,
    useTlsValidation: !ledger.take('insecure'),
  };
  return { type: 'SIMPLE', input: { uri: plain(ledger.take('url')), advancedOptions } };
}

/** The one text that a ping looks for, empty for none; undefined where a ping can't say all. Pings read no secrets. */
function isPing(check: CheckOf<'http'>): string | undefined {
  const { method = 'GET', json, body, steps, capture, follow = 0, success_criteria: criteria = [] } = check;
  const more = json !== undefined || body !== undefined || steps !== undefined || capture !== undefined;
  if (method !== 'GET' || more || follow > 0 || criteria.length > 1) return undefined;
  if (secretsIn(check).length > 0) return undefined;
  const [only] = criteria;
  if (!only) return '';
  if (!('body_contains' in only)) return undefined;
  const [text, ...others] = asList<string>(only.body_contains);
  return others.length === 0 ? text : undefined;
}

function certificateMonitor(ledger: Ledger<CheckOf<'tls'>>): Own {
  const port = ledger.take('port') ?? 443;
  if (port !== 443) ledger.lose('port', port, 'a certificate check of New Relic has a domain only', 443);
  const criteria = ledger.take('success_criteria') ?? [];
  let days: number | undefined;
  for (const [index, criterion] of criteria.entries()) {
    const lose = (why: string) => ledger.lose(`success_criteria.${index}` as 'name', criterion, why);
    const range = 'certificate_days' in criterion ? wholeRange(criterion.certificate_days) : undefined;
    if (range?.from === undefined)
      lose('a certificate check looks at the days that are left, and at nothing else');
    else {
      if (range.to !== undefined) lose('a certificate check has a lower bound only');
      days = Math.max(days ?? 0, range.from - 1);
    }
  }
  return {
    type: 'CERT_CHECK',
    input: { domain: plain(ledger.take('host')), numberDaysToFailBeforeCertExpires: days ?? 0 },
  };
}

/** Minutes of every period. */
const periods: readonly (readonly [minutes: number, name: string])[] = [
  [1, 'EVERY_MINUTE'],
  [5, 'EVERY_5_MINUTES'],
  [10, 'EVERY_10_MINUTES'],
  [15, 'EVERY_15_MINUTES'],
  [30, 'EVERY_30_MINUTES'],
  [60, 'EVERY_HOUR'],
  [360, 'EVERY_6_HOURS'],
  [720, 'EVERY_12_HOURS'],
  [1_440, 'EVERY_DAY'],
];

export const minutesOfPeriod = (name: unknown) => periods.find(([, each]) => each === name)?.[0];

function periodOf(ledger: Ledger<Check>): string {
  const said = ledger.take('interval');
  const minutes = parseDuration(said) / 60_000;
  const [own, name] = periods.findLast(([each]) => each <= minutes) ?? [1, 'EVERY_MINUTE'];
  if (own !== minutes)
    ledger.lose(
      'interval',
      said,
      'New Relic knows some periods only; this is the next more frequent, or the shortest',
      name,
    );
  return name;
}

/** What a ping or a certificate check sends holds no secrets; `$${` in it is a plain `${`. */
function plain(text: string): string {
  return rewrite(text, { text: (each) => each, secret: (name) => name, capture: (name) => name });
}

function tagsOf(ledger: Ledger<Check>): Tag[] {
  const labels = Object.entries(ledger.take('labels')).map(([key, value]) => ({ key, values: [value] }));
  const tags = ledger.take('tags');
  return tags.length === 0 ? labels : [...labels, { key: 'tags', values: [...tags] }];
}
