import type { Check } from '../../definition.ts';
import { type Exportable, type ExportTarget, type Loss, settingOf, wholeFile } from '../define.ts';
import { goDuration } from '../durations.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import { rewrite, secretsIn, variableOf } from '../templates.ts';
import { yamlText } from '../yaml-text.ts';
import { alertingOf, alertsFor } from './alerts.ts';
import { type Endpoint, endpoints, type Surroundings } from './endpoint.ts';
import { windowsFor } from './maintenance.ts';

const comment = `Written by \`countersign synthetics export --to gatus\`; secrets are environment variables of Gatus.
Gatus measures a request until its headers, not until the end of the body.`;

export const target: ExportTarget = {
  name: 'gatus',
  settings: {
    'name-server': { summary: 'asked by checks of type dns that name none, such as 192.0.2.1:53' },
  },
  export(definition, options) {
    const losses: Loss[] = [];
    const { settings, channels } = alertingOf(definition, losses);
    const around = { nameServer: settingOf(target, options, 'name-server') };
    const translated = definition.checks.flatMap((check) => {
      const endpoint = endpointOf(check, around, losses);
      if (!endpoint) return [];
      const alerts = alertsFor(check, definition, channels, losses);
      const windows = windowsFor(check, definition, losses);
      return [
        {
          ...endpoint,
          ...(alerts.length > 0 ? { alerts } : {}),
          ...(windows.length > 0 ? { 'maintenance-windows': windows } : {}),
        },
      ];
    });
    const file = {
      ...(Object.keys(settings).length > 0 ? { alerting: settings } : {}),
      endpoints: translated,
    };
    loseNames(definition, losses);
    return {
      files: [{ path: 'gatus.yaml', text: yamlText(inGatus(file), { comment, quoteDollars: true }) }],
      losses,
    };
  },
};

/** Fields of a check that other files of this folder translate, or that resolving has dealt with. */
const handled = ['type', 'maintenance', 'failure_threshold', 'description', 'environments'] as const;

function endpointOf(check: Check, around: Surroundings, losses: Loss[]) {
  const ledger = openLedger(check.name, check, losses);
  const translate = endpoints[check.type] as
    | ((ledger: Ledger<Check>, around: Surroundings) => Endpoint | undefined)
    | undefined;
  if (!translate) {
    ledger.lose('type', check.type, `Gatus can not run a ${check.type}: the check is left out`);
    return undefined;
  }
  for (const field of handled) ledger.take(field);
  const own = translate(ledger, around);
  if (!own) return undefined;
  const { conditions, client = {}, ...rest } = own;
  const common = {
    name: ledger.take('name'),
    ...(ledger.take('active') ? {} : { enabled: false }),
    ...rest,
    interval: goDuration(ledger.take('interval')),
    client: { timeout: goDuration(ledger.take('timeout')), ...client },
    ...labelsOf(ledger.take('labels')),
    conditions,
  };
  ledger.rest((field) => reasons[field] ?? 'Gatus has nothing like it');
  return common;
}

const reasons: Readonly<Record<string, string>> = {
  retries: 'Gatus does not try again before it counts a failure',
  depends_on: 'Gatus alerts for each endpoint on its own',
  locations: 'Gatus probes from where it runs',
  expect: 'Gatus has no such language',
  max_bytes: 'Gatus reads all of a body',
  server_name: 'Gatus asks for the name in the address',
};

function labelsOf(labels: Readonly<Record<string, string>>): object {
  return Object.keys(labels).length > 0 ? { 'extra-labels': labels } : {};
}

/** Environment variables have no hyphens in their names. */
function loseNames(definition: Exportable, losses: Loss[]): void {
  const { checks, alerting } = definition;
  const channels = (alerting?.channels ?? []).map(({ secret }) => `\${secret.${secret ?? ''}}`);
  for (const name of secretsIn([checks, channels])) {
    const variable = variableOf(name);
    if (variable === name) continue;
    losses.push({
      check: wholeFile,
      field: 'secret',
      said: name,
      became: variable,
      why: 'a variable of the environment has no hyphen in its name',
    });
  }
}

/** Every string as Gatus wants it: it fills in variables of its environment, and `$$` is a dollar sign. */
function inGatus(value: unknown): unknown {
  if (typeof value === 'string') {
    return rewrite(value, {
      text: (plain) => plain.replaceAll('$', '$$$$'),
      secret: (name) => `\${${variableOf(name)}}`,
      capture: (name) => `\${capture.${name}}`,
    });
  }
  if (Array.isArray(value)) return value.map(inGatus);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.replaceAll('$', '$$$$'), inGatus(each)]),
  );
}
