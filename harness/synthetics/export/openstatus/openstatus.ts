import { formatDuration, parseDuration } from '../../../config/duration.ts';
import type { Check, CheckOf } from '../../definition.ts';
import { type ExportTarget, type Loss, settingOf, wholeFile } from '../define.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import { plain, secretsIn } from '../templates.ts';
import { yamlText } from '../yaml-text.ts';
import { type Assertion, assertionsOf, sentOf } from './request.ts';

const comment = `Written by \`countersign synthetics export --to openstatus\`: openstatus.yaml for its command line
yaml-language-server: $schema=https://www.openstatus.dev/schema.json`;

const frequencies = ['30s', '1m', '5m', '10m', '30m', '1h'] as const;
const methods = new Set(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']);

export const target: ExportTarget = {
  name: 'openstatus',
  settings: {
    regions: {
      summary: 'of OpenStatus, for checks that name no location, such as iad,fra',
      default: 'iad',
      pattern: /^[a-z0-9_-]+(,[a-z0-9_-]+)*$/,
    },
  },
  export(definition, options) {
    const losses: Loss[] = [];
    const regions = settingOf(target, options, 'regions').split(',');
    const monitors = definition.checks.flatMap((check) => {
      const monitor = monitorOf(check, regions, losses);
      return monitor ? [[check.name, monitor]] : [];
    });
    const why = 'OpenStatus sets up who is told, and from how many regions, elsewhere';
    openLedger(wholeFile, definition.alerting ?? {}, losses, 'alerting.').rest(why);
    return {
      files: [{ path: 'openstatus.yaml', text: yamlText(Object.fromEntries(monitors), { comment }) }],
      losses,
    };
  },
};

interface Monitor {
  kind: 'http' | 'tcp';
  request: object;
  degradedAfter?: number;
  assertions?: Assertion[];
}

function monitorOf(check: Check, regions: readonly string[], losses: Loss[]): object | undefined {
  const ledger = openLedger(check.name, check, losses);
  const own = ownPart(check, ledger);
  if (!own) return undefined;
  const description = ledger.take('description');
  const { kind, request, degradedAfter, assertions } = own;
  ledger.take('environments');
  const monitor = {
    name: ledger.take('name'),
    ...(description === undefined ? {} : { description }),
    frequency: frequencyOf(ledger),
    active: ledger.take('active'),
    regions: regionsOf(ledger, regions),
    retry: retryOf(ledger),
    timeout: parseDuration(ledger.take('timeout')),
    ...(degradedAfter === undefined ? {} : { degradedAfter }),
    kind,
    request,
    ...(assertions ? { assertions } : {}),
  };
  if (ledger.take('failure_threshold') !== 3)
    ledger.lose(
      'failure_threshold',
      check.failure_threshold,
      'OpenStatus alerts when half of the regions fail',
    );
  ledger.rest('OpenStatus has nothing like it');
  return monitor;
}

/** Undefined, after a loss, for what OpenStatus can't probe. */
function ownPart(check: Check, ledger: Ledger<Check>): Monitor | undefined {
  ledger.take('type');
  const leaveOut = (field: string, said: string, why: string) => {
    ledger.lose(field, said, `${why}: the check is left out`);
    return undefined;
  };
  if (check.type === 'tcp') {
    if (check.tls) return leaveOut('tls', 'true', 'OpenStatus connects without TLS');
    const tcp = ledger as unknown as Ledger<CheckOf<'tcp'>>;
    return { kind: 'tcp', request: { host: tcp.take('host'), port: tcp.take('port') } };
  }
  if (check.type !== 'http') return leaveOut('type', check.type, `OpenStatus has no ${check.type}`);
  const http = ledger as unknown as Ledger<CheckOf<'http'>>;
  const method = http.take('method') ?? 'GET';
  const url = http.take('url');
  if (!methods.has(method)) return leaveOut('method', method, 'OpenStatus does not know the method');
  if (check.steps)
    return leaveOut('steps', `${check.steps.length} more requests`, 'a monitor is one request');
  if (secretsIn(url).length > 0) return leaveOut('url', url, 'OpenStatus has no reference to a secret');
  const sent = sentOf(http);
  const { assertions, degradedAfter } = assertionsOf(http);
  return {
    kind: 'http',
    request: {
      method,
      url: plain(url),
      ...sent,
      followRedirects: follows(http),
    },
    assertions,
    ...(degradedAfter === undefined ? {} : { degradedAfter }),
  };
}

function follows(ledger: Ledger<CheckOf<'http'>>): boolean {
  const follow = ledger.take('follow') ?? 0;
  const toPrivate = ledger.take('follow_to_private');
  if (follow === 0) return false;
  ledger.lose('follow', follow, 'OpenStatus follows all or none', 'true');
  if (!toPrivate) ledger.lose('follow_to_private', 'false', 'OpenStatus follows to any address', 'true');
  return true;
}

function frequencyOf(ledger: Ledger<Check>): string {
  const said = ledger.take('interval');
  const ms = parseDuration(said);
  const became = frequencies.findLast((each) => parseDuration(each) <= ms) ?? frequencies[0];
  if (parseDuration(became) !== ms)
    ledger.lose('interval', formatDuration(ms), `OpenStatus knows ${frequencies.join(', ')}`, became);
  return became;
}

function retryOf(ledger: Ledger<Check>): number {
  const retries = ledger.take('retries');
  if (!retries) ledger.lose('retries', 'none', 'OpenStatus tries at least once more', 1);
  else if (retries.delay !== undefined)
    ledger.lose('retries.delay', retries.delay, 'OpenStatus waits as it sees fit');
  return retries?.count ?? 1;
}

const known =
  /^(ams|arn|atl|bom|bog|bos|cdg|den|dfw|ewr|eze|fra|gdl|gig|gru|hkg|iad|jnb|lax|lhr|mad|mia|nrt|ord|otp|phx|private|qro|scl|sea|sin|sjc|syd|waw|yul|yyz|koyeb_\w+|railway_[\w-]+)$/;

function regionsOf(ledger: Ledger<Check>, regions: readonly string[]): readonly string[] {
  const said = ledger.take('locations') ?? [];
  const kept = said.filter((location) => known.test(location));
  if (said.length > 0 && kept.length === said.length) return kept;
  const became = kept.length > 0 ? kept : regions;
  ledger.lose(
    'locations',
    said.length > 0 ? said : 'all',
    'OpenStatus probes from regions of its own; --set regions',
    became,
  );
  return became;
}
