import { parseDuration } from '../../../config/duration.ts';
import type { HttpCheck } from '../../check-schema.ts';
import type { Criterion, ProbeType } from '../../criteria-schema.ts';
import type { CheckOf } from '../../definition.ts';
import { asList, translateCriteria } from '../criteria.ts';
import type { Ledger } from '../ledger.ts';
import {
  type Assertion,
  anySuccess,
  certificate,
  certificateDays,
  httpAssertions,
  responseTime,
} from './assertions.ts';
import { stepsOf } from './steps.ts';

/** The part of a test that depends on the type of the check. */
export interface Subtest {
  subtype: string;
  config: {
    request?: Record<string, unknown>;
    assertions?: Assertion[];
    steps?: object[];
  };
  options?: Record<string, unknown>;
}

type Translate<T extends ProbeType> = (ledger: Ledger<CheckOf<T>>) => Subtest | undefined;

const cannot = 'Datadog has no assertion for it';

/** A test by type of check; undefined, after a loss, where Datadog can't run it. */
export const subtests: { [T in ProbeType]?: Translate<T> } = {
  http(ledger) {
    if (ledger.take('steps')) return stepsOf(ledger);
    return { subtype: 'http', config: httpPart(ledger, ledger) };
  },
  tcp(ledger) {
    if (ledger.take('tls')) {
      ledger.lose('type', 'tcp', 'a TCP test of Datadog does not speak TLS', 'tls');
      ledger.lose('tls', true, 'the test looks at the certificate');
      return certificateTest(ledger);
    }
    const request = { host: ledger.take('host'), port: ledger.take('port'), ...timeoutOf(ledger) };
    const connected = { type: 'connection', operator: 'is', target: 'established' };
    const assertions = [connected, ...translateCriteria(ledger, { response_time_ms: responseTime }, cannot)];
    return { subtype: 'tcp', config: { request, assertions } };
  },
  dns(ledger) {
    const [server, port] = (ledger.take('server') ?? '').split(/:(?=[0-9]+$)/);
    const record = ledger.take('record') ?? 'A';
    if (!['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT'].includes(record)) {
      ledger.lose('record', record, 'Datadog does not ask for it: the check is left out');
      return undefined;
    }
    const request = {
      host: ledger.take('host'),
      ...(server ? { dnsServer: server } : {}),
      ...(port === undefined ? {} : { dnsServerPort: Number(port) }),
      ...timeoutOf(ledger),
    };
    return { subtype: 'dns', config: { request, assertions: answersOf(ledger, record) } };
  },
  tls: certificateTest,
  grpc(ledger) {
    const service = ledger.take('service');
    const request = {
      host: ledger.take('host'),
      port: ledger.take('port'),
      callType: 'healthcheck',
      service: service ?? '',
      ...timeoutOf(ledger),
    };
    const serving = (said: boolean): Assertion => ({
      type: 'grpcHealthcheckStatus',
      operator: said ? 'is' : 'isNot',
      target: 1,
    });
    const said = translateCriteria(ledger, { serving, response_time_ms: responseTime }, cannot);
    const base = said.some(({ type }) => type === 'grpcHealthcheckStatus') ? [] : [serving(true)];
    return { subtype: 'grpc', config: { request, assertions: [...base, ...said] } };
  },
  websocket(ledger) {
    const [first, second, ...others] = ledger.take('conversation') ?? [];
    if (!first || !('send' in first)) {
      ledger.lose(
        'conversation',
        first ?? 'connect and close',
        'Datadog sends one message: the check is left out',
      );
      return undefined;
    }
    for (const [index, turn] of others.entries())
      ledger.lose(
        `conversation.${index + 2}` as 'conversation',
        turn,
        'Datadog sends one message and reads one answer',
      );
    const headers = ledger.take('headers');
    const request = {
      url: ledger.take('url').replace(/^http/, 'ws'),
      message: typeof first.send === 'string' ? first.send : JSON.stringify(first.send.json),
      ...(headers === undefined ? {} : { headers }),
      ...timeoutOf(ledger),
    };
    const contains = (target: string): Assertion => ({
      type: 'receivedMessage',
      operator: 'contains',
      target,
    });
    const wanted = second && 'expect' in second ? second.expect : {};
    if (second && !('expect' in second))
      ledger.lose(
        'conversation.1' as 'conversation',
        second,
        'Datadog sends one message and reads one answer',
      );
    if (second && 'within' in second && second.within !== undefined)
      ledger.lose(
        'conversation.1.within' as 'conversation',
        second.within,
        'Datadog has one time-out for all',
      );
    if (wanted.json)
      ledger.lose(
        'conversation.1.expect.json' as 'conversation',
        wanted.json,
        'Datadog looks for texts in a message',
      );
    const known = {
      received_contains: (said: string | string[]) => asList<string>(said).map(contains),
      response_time_ms: responseTime,
    };
    const assertions = [
      ...(wanted.contains === undefined ? [] : [contains(wanted.contains)]),
      ...translateCriteria(ledger, known, cannot),
    ];
    return { subtype: 'websocket', config: { request, assertions } };
  },
};

type CertificateFields = Pick<CheckOf<'tls'>, 'server_name' | 'host' | 'port' | 'insecure' | 'timeout'> & {
  success_criteria?: readonly Criterion[];
};

function certificateTest(ledger: Ledger<CertificateFields>): Subtest {
  const servername = ledger.take('server_name');
  const request = {
    host: ledger.take('host'),
    port: ledger.take('port') ?? 443,
    ...(servername === undefined ? {} : { servername }),
    ...timeoutOf(ledger),
  };
  const known = { certificate_days: certificateDays, response_time_ms: responseTime };
  const said = translateCriteria(ledger, known, cannot);
  const valid = said.some(({ type }) => type === 'certificate') ? [] : [certificate('isInMoreThan', 0)];
  const options = ledger.take('insecure') ? { accept_self_signed: true } : {};
  return { subtype: 'ssl', config: { request, assertions: [...valid, ...said] }, options };
}

/** A request and what its answer is held to; `ledger` is of the check or of one of its steps. */
export function httpPart(
  ledger: Ledger<Pick<HttpCheck, 'method' | 'url' | 'headers' | 'body' | 'json' | 'success_criteria'>>,
  check: Ledger<CheckOf<'http'>>,
): { request: Record<string, unknown>; assertions: Assertion[] } {
  const json = ledger.take('json');
  const plain = ledger.take('body');
  const body = json === undefined ? plain : JSON.stringify(json);
  const headers = ledger.take('headers') ?? {};
  const follow = check.take('follow') ?? 0;
  const request = {
    method: ledger.take('method') ?? 'GET',
    url: ledger.take('url'),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(body === undefined ? {} : { body, bodyType: json === undefined ? 'text/plain' : 'application/json' }),
    follow_redirects: follow > 0,
    ...(check.take('insecure') ? { allow_insecure: true } : {}),
    ...timeoutOf(check),
  };
  const said = translateCriteria(ledger, httpAssertions, cannot);
  const base = said.some(({ type }) => type === 'statusCode') ? [] : [anySuccess];
  return { request, assertions: [...base, ...said] };
}

const longestTimeoutMs = 60_000;

/** Seconds. */
export function timeoutOf(ledger: Ledger<{ timeout: string }>): { timeout: number } {
  const said = ledger.take('timeout');
  const timeout = Math.min(parseDuration(said), longestTimeoutMs) / 1000;
  if (timeout * 1000 < parseDuration(said))
    ledger.lose('timeout', said, 'Datadog waits 60 s at most', timeout);
  return { timeout };
}

function answersOf(ledger: Ledger<CheckOf<'dns'>>, property: string): Assertion[] {
  const some = (target: string): Assertion => ({ type: 'recordSome', operator: 'is', property, target });
  const known = {
    answers_contain: (said: string | string[]) => asList<string>(said).map(some),
    answers_equal: (said: string[], lose: (why: string, became?: unknown) => void) => {
      lose('Datadog does not count answers, so that there may be others', said.map(some));
      return said.map(some);
    },
    response_time_ms: responseTime,
  };
  const said = translateCriteria(ledger, known, cannot);
  const any = { type: 'recordSome', operator: 'matches', property, target: '.+' };
  return [...(said.some(({ type }) => type === 'recordSome') ? [] : [any]), ...said];
}
