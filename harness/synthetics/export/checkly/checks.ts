import type { JsonObject } from '../../../checks/json.ts';
import { parseDuration } from '../../../config/duration.ts';
import type { Check } from '../../definition.ts';
import type { Exportable, Loss } from '../define.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import { placesOf } from '../locations.ts';
import { failuresInARow } from '../one-alert.ts';
import { bracedFields, rewriteAll } from '../rewrite-all.ts';
import { variableOf } from '../templates.ts';
import { frequencyBelow } from './frequency.ts';
import { longestTime, type Part, parts } from './requests.ts';

export interface CheckSettings {
  locations: string;
  given: boolean;
}

export interface NamedCheck {
  check: string;
  /** What `POST /v1/checks/<type>` takes. */
  payload: JsonObject & Pick<Part, 'checkType' | 'request'>;
}

/** Variables of Checkly are filled in between double braces. */
const notation = {
  text: (plain: string) => plain,
  secret: (name: string) => `{{${variableOf(name)}}}`,
  capture: (name: string) => `{{${name}}}`,
};

/** Every check as Checkly has it. */
export function checksOf(
  definition: Exportable,
  settings: CheckSettings,
): { checks: NamedCheck[]; losses: Loss[] } {
  const losses: Loss[] = [];
  const checks = definition.checks.flatMap((check) => {
    const payload = checkOf(check, definition, settings, losses);
    return payload ? [{ check: check.name, payload }] : [];
  });
  return { checks, losses };
}

/** Fields that resolving has dealt with, or that are said by others here. */
const handled = ['type', 'failure_threshold', 'environments'] as const;

function checkOf(
  check: Check,
  definition: Exportable,
  settings: CheckSettings,
  losses: Loss[],
): NamedCheck['payload'] | undefined {
  const ledger = openLedger(check.name, check, losses);
  const translate = parts[check.type] as
    | ((ledger: Ledger<Check>, check: Check) => Part | undefined)
    | undefined;
  if (!translate) {
    ledger.lose('type', check.type, `Checkly can not run a ${check.type} from a file: the check is left out`);
    return undefined;
  }
  for (const field of handled) ledger.take(field);
  const part = translate(ledger, check);
  if (!part) return undefined;
  for (const field of bracedFields(check))
    ledger.lose(field as 'name', '{{', 'Checkly fills in what stands between double braces');
  const locations = placesOf(ledger, {
    service: 'Checkly',
    own: regions,
    setting: settings.locations,
    given: settings.given,
  });
  const longest = longestTime(ledger, part.longestMs);
  const payload = {
    checkType: part.checkType,
    name: ledger.take('name'),
    ...descriptionOf(ledger),
    activated: ledger.take('active'),
    shouldFail: part.shouldFail ?? false,
    doubleCheck: false,
    tags: tagsOf(ledger),
    locations,
    runParallel: locations.length > 1,
    ...frequencyOf(ledger),
    degradedResponseTime: longest,
    maxResponseTime: longest,
    useGlobalAlertSettings: false,
    alertSettings: alertSettingsOf(ledger, check, definition, losses),
    retryStrategy: retriesOf(ledger),
    request: rewriteAll(part.request, notation) as Part['request'],
  };
  ledger.rest((field) => reasons[field] ?? 'Checkly has nothing like it');
  return payload;
}

const regions =
  /^(us-(east|west)-[12]|ca-central-1|sa-east-1|eu-(west-[123]|central-1|north-1|south-1)|me-south-1|ap-(southeast-[123]|northeast-[123]|east-1|south-1)|af-south-1)$/;

const reasons: Readonly<Record<string, string>> = {
  depends_on: 'Checkly alerts for each check on its own',
  expect: 'Checkly has no such language',
  maintenance: 'a window of Checkly starts at a date, and stands apart from its checks',
  max_bytes: 'Checkly has a bound of its own',
  server_name: 'Checkly asks for the name in the address',
  follow_to_private: 'Checkly follows to any address that it reaches',
};

function tagsOf(ledger: Ledger<Check>): string[] {
  const labels = Object.entries(ledger.take('labels')).map(([key, value]) => `${key}:${value}`);
  return [...new Set([...ledger.take('tags'), ...labels])];
}

const longestDescription = 500;

function descriptionOf(ledger: Ledger<Check>): { description?: string } {
  const said = ledger.take('description');
  if (said === undefined) return {};
  const description = said.slice(0, longestDescription);
  if (description !== said)
    ledger.lose('description', said, 'Checkly has 500 characters for it', description);
  return { description };
}

function frequencyOf(ledger: Ledger<Check>): { frequency: number; frequencyOffset?: number } {
  const said = ledger.take('interval');
  const { seconds, ...frequency } = frequencyBelow(parseDuration(said) / 1000);
  if (seconds * 1000 !== parseDuration(said))
    ledger.lose(
      'interval',
      said,
      'Checkly knows some frequencies only; this is the next more frequent',
      `${seconds}s`,
    );
  return frequency;
}

const mostFailures = 5;

function alertSettingsOf(
  ledger: Ledger<Check>,
  check: Check,
  definition: Exportable,
  losses: Loss[],
): object {
  const failures = failuresInARow(check, definition, 'Checkly', losses);
  const failedRunThreshold = Math.min(failures, mostFailures);
  if (failures > mostFailures)
    ledger.lose(
      'failure_threshold',
      failures,
      'Checkly counts up to 5 failures in a row',
      failedRunThreshold,
    );
  return {
    escalationType: 'RUN_BASED',
    runBasedEscalation: { failedRunThreshold },
    reminders: { amount: 0, interval: 5 },
    parallelRunFailureThreshold: { enabled: false, percentage: 10 },
  };
}

const longestRetryingSeconds = 600;

function retriesOf(ledger: Ledger<Check>): object | null {
  const said = ledger.take('retries');
  if (!said) return null;
  const delayMs = parseDuration(said.delay ?? '1s');
  const baseBackoffSeconds = Math.ceil(delayMs / 1000);
  if (baseBackoffSeconds * 1000 !== delayMs)
    ledger.lose(
      'retries.delay' as 'retries',
      said.delay,
      'Checkly waits whole seconds',
      `${baseBackoffSeconds}s`,
    );
  if (baseBackoffSeconds * said.count > longestRetryingSeconds)
    ledger.lose('retries.count' as 'retries', said.count, 'Checkly retries for 10 minutes at most', 'fewer');
  return {
    type: 'FIXED',
    baseBackoffSeconds,
    maxRetries: said.count,
    maxDurationSeconds: longestRetryingSeconds,
    sameRegion: true,
  };
}
