import { parseDuration } from '../../../config/duration.ts';
import type { Criterion, ProbeType } from '../../criteria-schema.ts';
import type { CheckOf } from '../../definition.ts';
import { asList, translateCriteria } from '../criteria.ts';
import type { Ledger } from '../ledger.ts';
import {
  type Assertion,
  anySuccess,
  assertion,
  bounds,
  failsFrom,
  httpAssertions,
  responseTime,
} from './assertions.ts';

export const checkTypes = ['API', 'TCP', 'DNS', 'SSL', 'GRPC'] as const;
export type CheckType = (typeof checkTypes)[number];

/** The part of a check of Checkly that depends on the type of ours. */
export interface Part {
  checkType: CheckType;
  request: Record<string, unknown> & { assertions: Assertion[] };
  shouldFail?: boolean;
  /** Milliseconds that Checkly waits for such a check at most. */
  longestMs: number;
}

type Translate<T extends ProbeType> = (ledger: Ledger<CheckOf<T>>, check: CheckOf<T>) => Part | undefined;

const cannot = 'Checkly has no assertion for it';

/** A check by type of ours; undefined, after a loss, where Checkly can't run it. */
export const parts: { [T in ProbeType]?: Translate<T> } = {
  http(ledger, check) {
    const steps = ledger.take('steps');
    if (steps) {
      ledger.lose('steps', steps, 'several requests are a program in Checkly: the check is left out');
      return undefined;
    }
    const assertions = translateCriteria(ledger, httpAssertions, cannot);
    const hasStatus = assertions.some(({ source }) => source === 'STATUS_CODE');
    const request = {
      ...requestOf(ledger),
      ipFamily: 'IPv4',
      followRedirects: follows(ledger),
      skipSSL: ledger.take('insecure') ?? false,
      assertions: [...(hasStatus ? [] : anySuccess), ...assertions],
    };
    return { checkType: 'API', request, shouldFail: wantsFailure(check), longestMs: 30_000 };
  },
  tcp(ledger) {
    if (ledger.take('tls')) {
      ledger.lose('type', 'tcp', 'a TCP monitor of Checkly does not speak TLS', 'tls');
      ledger.lose('tls', true, 'the monitor looks at the certificate');
      return certificateMonitor(ledger);
    }
    const data = ledger.take('send');
    const received_contains = (said: string | string[]) =>
      asList<string>(said).map((text) => assertion('RESPONSE_DATA', 'CONTAINS', text));
    const request = {
      hostname: ledger.take('host'),
      port: ledger.take('port'),
      ipFamily: 'IPv4',
      ...(data === undefined ? {} : { data }),
      assertions: translateCriteria(ledger, { received_contains, response_time_ms: responseTime }, cannot),
    };
    return { checkType: 'TCP', request, longestMs: 5_000 };
  },
  dns(ledger) {
    const [nameServer, port = '53'] = (ledger.take('server') ?? '').split(/:(?=[0-9]+$)/);
    const recordType = ledger.take('record') ?? 'A';
    if (!['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT'].includes(recordType)) {
      ledger.lose('record', recordType, 'Checkly does not ask for it: the check is left out');
      return undefined;
    }
    const request = {
      recordType,
      query: ledger.take('host'),
      ...(nameServer ? { nameServer, port: Number(port) } : {}),
      protocol: 'UDP',
      assertions: answersOf(ledger),
    };
    return { checkType: 'DNS', request, longestMs: 5_000 };
  },
  tls: certificateMonitor,
  grpc(ledger) {
    const service = ledger.take('service');
    const health = (said: boolean) =>
      assertion('GRPC_HEALTHCHECK_STATUS', said ? 'EQUALS' : 'NOT_EQUALS', serving);
    const said = translateCriteria(ledger, { serving: health, response_time_ms: responseTime }, cannot);
    const base = said.some(({ source }) => source === 'GRPC_HEALTHCHECK_STATUS') ? [] : [health(true)];
    const request = {
      url: ledger.take('host'),
      port: ledger.take('port'),
      ipFamily: 'IPv4',
      skipSSL: ledger.take('insecure') ?? false,
      grpcConfig: {
        mode: 'HEALTH',
        tls: ledger.take('tls') ?? false,
        ...(service === undefined ? {} : { service }),
      },
      assertions: [...base, ...said],
    };
    return { checkType: 'GRPC', request, longestMs: 180_000 };
  },
};

type CertificateFields = Pick<CheckOf<'tls'>, 'server_name' | 'host' | 'port' | 'insecure'> & {
  success_criteria?: readonly Criterion[];
};

function certificateMonitor(ledger: Ledger<CertificateFields>): Part {
  const serverName = ledger.take('server_name');
  const days = (said: string, lose: (why: string) => void) =>
    bounds('CERTIFICATE', 'daysUntilExpiry', said, lose);
  const known = { certificate_days: days, response_time_ms: responseTime };
  const request = {
    sslConfig: {
      hostname: ledger.take('host'),
      port: ledger.take('port') ?? 443,
      ...(serverName === undefined ? {} : { serverName }),
      skipChainValidation: ledger.take('insecure') ?? false,
    },
    assertions: translateCriteria(ledger, known, cannot),
  };
  return { checkType: 'SSL', request, longestMs: 30_000 };
}

/** Of grpc.health.v1. */
const serving = 1;

function requestOf(ledger: Ledger<CheckOf<'http'>>): Record<string, unknown> {
  const json = ledger.take('json');
  const plain = ledger.take('body');
  const body = json === undefined ? plain : JSON.stringify(json);
  const headers = Object.entries(ledger.take('headers') ?? {});
  return {
    method: ledger.take('method') ?? 'GET',
    url: ledger.take('url'),
    headers: headers.map(([key, value]) => ({ key, value, locked: false })),
    queryParameters: [],
    ...(body === undefined ? { bodyType: 'NONE' } : { body, bodyType: json === undefined ? 'RAW' : 'JSON' }),
  };
}

function follows(ledger: Ledger<CheckOf<'http'>>): boolean {
  const follow = ledger.take('follow') ?? 0;
  if (follow === 0) return false;
  ledger.lose('follow', follow, 'Checkly follows all redirects or none', 'all');
  return true;
}

/** Are only failures good answers? Then the check should fail, as Checkly calls it. */
function wantsFailure({ success_criteria: criteria = [] }: CheckOf<'http'>): boolean {
  const codes = criteria.flatMap((each) => ('status_code' in each ? asList<number>(each.status_code) : []));
  return codes.length > 0 && codes.every((code) => code >= failsFrom);
}

function answersOf(ledger: Ledger<CheckOf<'dns'>>): Assertion[] {
  const text = (said: string) => assertion('TEXT_ANSWER', 'CONTAINS', said);
  const known = {
    answers_contain: (said: string | string[]) => asList<string>(said).map(text),
    answers_equal: (said: string[], lose: (why: string, became?: unknown) => void) => {
      lose(
        'Checkly looks for texts in the answer, so that there may be others',
        `${said.join(', ')} among them`,
      );
      return said.map(text);
    },
    response_time_ms: responseTime,
  };
  const said = translateCriteria(ledger, known, cannot);
  return [assertion('RESPONSE_CODE', 'EQUALS', 'NOERROR'), ...said];
}

/** Milliseconds after which Checkly counts a check as failed. */
export function longestTime(ledger: Ledger<{ timeout: string }>, longestMs: number): number {
  const said = ledger.take('timeout');
  const wanted = parseDuration(said);
  if (wanted > longestMs)
    ledger.lose('timeout', said, `Checkly waits ${longestMs} ms at most`, `${longestMs}ms`);
  return Math.min(wanted, longestMs);
}
