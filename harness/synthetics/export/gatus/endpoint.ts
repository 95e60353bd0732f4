import type { ProbeType } from '../../criteria-schema.ts';
import type { CheckOf } from '../../definition.ts';
import { translateCriteria } from '../criteria.ts';
import type { Ledger } from '../ledger.ts';
import { sentBody } from '../sent-body.ts';
import { bases, conditionsOf } from './conditions.ts';
import { conversationOf } from './conversation.ts';
import { addressesOf } from './dns.ts';

/** The part of an endpoint that depends on the type of the check. */
export interface Endpoint {
  url: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  dns?: { 'query-name': string; 'query-type': string };
  client?: Record<string, unknown>;
  conditions: string[];
}

export interface Surroundings {
  /** Name server for checks that name none; empty: there is none. */
  nameServer: string;
}

type Translate<T extends ProbeType> = (
  ledger: Ledger<CheckOf<T>>,
  around: Surroundings,
) => Endpoint | undefined;

const cannot = 'Gatus has no condition for it';

/** An endpoint by type of check; undefined, after a loss, where Gatus can't probe it at all. */
export const endpoints: { [T in ProbeType]?: Translate<T> } = {
  http(ledger) {
    const steps = ledger.take('steps');
    if (steps) {
      ledger.lose(
        'steps',
        steps,
        'an endpoint is one request, and the others would go unseen: the check is left out',
      );
      return undefined;
    }
    const endpoint = {
      url: ledger.take('url'),
      ...requestOf(ledger),
      client: { ...redirects(ledger), ...insecure(ledger) },
    };
    const conditions = translateCriteria(ledger, httpConditions(), cannot);
    const hasStatus = conditions.some((condition) => condition.startsWith('[STATUS]'));
    return { ...endpoint, conditions: [...(hasStatus ? [] : bases.http), ...conditions] };
  },
  tcp(ledger) {
    const scheme = ledger.take('tls') ? 'tls' : 'tcp';
    const body = ledger.take('send');
    const { received_contains, ...others } = conditionsOf;
    const known = body === undefined ? others : conditionsOf;
    const why =
      body === undefined ? 'Gatus reads nothing from a connection on which it sent nothing' : cannot;
    return {
      url: `${scheme}://${ledger.take('host')}:${ledger.take('port')}`,
      ...(body === undefined ? {} : { body }),
      client: insecure(ledger),
      conditions: [...bases.tcp, ...translateCriteria(ledger, known, why)],
    };
  },
  tls(ledger) {
    const { certificate_days, response_time_ms } = conditionsOf;
    const url = `tls://${ledger.take('host')}:${ledger.take('port') ?? 443}`;
    const conditions = translateCriteria(ledger, { certificate_days, response_time_ms }, cannot);
    return { url, client: insecure(ledger), conditions: [...bases.tls, ...conditions] };
  },
  grpc(ledger) {
    const { certificate_days, ...known } = conditionsOf;
    const url = `${ledger.take('tls') ? 'grpcs' : 'grpc'}://${ledger.take('host')}:${ledger.take('port')}`;
    const conditions = translateCriteria(ledger, known, cannot);
    const hasStatus = conditions.some((condition) => condition.startsWith('[BODY]'));
    return { url, client: insecure(ledger), conditions: [...(hasStatus ? [] : bases.grpc), ...conditions] };
  },
  dns(ledger, { nameServer }) {
    const server = ledger.take('server') ?? nameServer;
    const name = ledger.take('host');
    if (server === '') {
      ledger.lose(
        'server',
        'that of the system',
        'Gatus asks a named server only: the check is left out; give --set name-server=ADDRESS',
      );
      return undefined;
    }
    const record = ledger.take('record') ?? 'A';
    return {
      url: server,
      dns: { 'query-name': name, 'query-type': record },
      conditions: addressesOf(ledger, record),
    };
  },
  websocket(ledger) {
    const url = ledger.take('url').replace(/^http/, 'ws');
    const said = conversationOf(ledger);
    if (!said) return undefined;
    const headers = ledger.take('headers');
    const conditions = translateCriteria(ledger, conditionsOf, cannot);
    return {
      url,
      ...(headers === undefined ? {} : { headers }),
      body: said.body,
      client: insecure(ledger),
      conditions: [...bases.websocket, ...said.conditions, ...conditions],
    };
  },
};

function httpConditions() {
  const { serving, received_contains, ...known } = conditionsOf;
  return known;
}

function requestOf(ledger: Ledger<CheckOf<'http'>>): Pick<Endpoint, 'method' | 'headers' | 'body'> {
  const method = ledger.take('method');
  const { body, headers, field } = sentBody(ledger);
  if (body !== undefined && /\[(ENDPOINT_(NAME|GROUP|URL)|RANDOM_STRING_\d+|LOCAL_ADDRESS)\]/.test(body)) {
    ledger.lose(field, body, 'Gatus fills in placeholders of its own', 'with the placeholders filled in');
  }
  return {
    ...(method === undefined ? {} : { method }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
  };
}

function redirects(ledger: Ledger<CheckOf<'http'>>): Record<string, unknown> {
  const follow = ledger.take('follow') ?? 0;
  const toPrivate = ledger.take('follow_to_private');
  if (follow === 0) return { 'ignore-redirect': true };
  ledger.lose('follow', follow, 'Gatus follows all or none', 'without limit');
  if (!toPrivate) ledger.lose('follow_to_private', 'false', 'Gatus follows to any address', 'true');
  return {};
}

export function insecure(ledger: Ledger<{ insecure?: boolean }>): Record<string, unknown> {
  return ledger.take('insecure') ? { insecure: true } : {};
}
