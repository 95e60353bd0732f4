import { isObject, type JsonObject } from '../../../checks/json.ts';
import { formatDuration } from '../../../config/duration.ts';
import type { Loss } from '../../export/define.ts';
import { pointerOfPath } from '../../export/json-path.ts';
import { type Ledger, openLedger } from '../../export/ledger.ts';
import { mapOf, mapsOf, textOf, textsOf } from '../read-text.ts';
import { exactJson } from '../request.ts';
import { criteriaFrom } from './assertions.ts';

type Config = Ledger<JsonObject>;

/** The part of a check that depends on the subtype; undefined for a subtype that we have no probe for. */
export const subtypes: Readonly<Record<string, (config: Config, check: string, losses: Loss[]) => object>> = {
  http: (config) => ({ ...requestFrom(config), ...withCriteria(config, httpTypes) }),
  tcp(config) {
    const request = requestLedger(config);
    const own = { type: 'tcp', ...hostAndPort(request), ...timeoutFrom(request) };
    rest(request);
    return { ...own, ...withCriteria(config, ['responseTime']) };
  },
  dns(config) {
    const request = requestLedger(config);
    const server = textOf(request.take('dnsServer'));
    const port = request.take('dnsServerPort');
    const [first] = mapsOf(config.take('assertions')).filter(({ type }) => type === 'recordSome');
    const record = textOf(first?.['property']) ?? 'A';
    const own = {
      type: 'dns',
      host: request.take('host'),
      ...(record === 'A' ? {} : { record }),
      ...(server === undefined ? {} : { server: port === undefined ? server : `${server}:${String(port)}` }),
      ...timeoutFrom(request),
    };
    rest(request);
    return { ...own, ...withCriteria(config, ['recordSome', 'responseTime']) };
  },
  ssl(config) {
    const request = requestLedger(config);
    const { host, port } = hostAndPort(request);
    const name = textOf(request.take('servername'));
    const own = {
      type: 'tls',
      host,
      ...(port === 443 ? {} : { port }),
      ...(name === undefined ? {} : { server_name: name }),
      ...timeoutFrom(request),
    };
    rest(request);
    return { ...own, ...withCriteria(config, ['certificate', 'responseTime']) };
  },
  grpc(config) {
    const request = requestLedger(config);
    const call = request.take('callType');
    if (call !== 'healthcheck') request.lose('callType', call, 'our probe asks for the health of a service');
    const service = textOf(request.take('service'));
    const own = {
      type: 'grpc',
      ...hostAndPort(request),
      ...(service ? { service } : {}),
      ...timeoutFrom(request),
    };
    rest(request);
    return { ...own, ...withCriteria(config, ['grpcHealthcheckStatus', 'responseTime']) };
  },
  websocket(config) {
    const request = requestLedger(config);
    const headers = textsOf(request.take('headers'));
    const message = textOf(request.take('message'));
    const { success_criteria: criteria = [] } = withCriteria(config, ['receivedMessage', 'responseTime']);
    const expected = criteria.findIndex((each) => 'received_contains' in each);
    const contains = expected < 0 ? undefined : Object.values(criteria[expected] ?? {})[0];
    const others = criteria.filter((_each, index) => index !== expected);
    const turns = [
      ...(message === undefined ? [] : [{ send: message }]),
      ...(contains === undefined ? [] : [{ expect: { contains } }]),
    ];
    const own = {
      type: 'websocket',
      url: request.take('url'),
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
      ...(turns.length > 0 ? { conversation: turns } : {}),
      ...timeoutFrom(request),
      ...(others.length > 0 ? { success_criteria: others } : {}),
    };
    rest(request);
    return own;
  },
  multi(config, check, losses) {
    const steps = mapsOf(config.take('steps'));
    const read = steps.map((step, index) =>
      stepFrom(openLedger(check, step, losses, `config.steps.${index}.`)),
    );
    const [first = {}, ...others] = read;
    const { name: _name, success_criteria: criteria, ...own } = first as Record<string, unknown>;
    if (criteria !== undefined && others.length > 0)
      config.lose('steps.0.assertions', criteria, 'the criteria of a check judge its last request');
    const { timeout, ...check0 } = own;
    const rest = others.map((step) => {
      const {
        timeout: _timeout,
        follow: _follow,
        insecure: _insecure,
        ...kept
      } = step as Record<string, unknown>;
      return kept;
    });
    return {
      ...check0,
      ...(timeout === undefined ? {} : { timeout }),
      ...(rest.length > 0 ? { steps: rest } : {}),
    };
  },
};

const httpTypes = ['statusCode', 'responseTime', 'body', 'header'];

const requestLedger = (config: Config) => config.inside('request', mapOf(config.take('request')));
const rest = (request: Ledger<JsonObject>) => request.rest('our probe has nothing like it');

function hostAndPort(request: Ledger<JsonObject>): { host: unknown; port: number } {
  return { host: request.take('host'), port: Number(request.take('port') ?? 443) };
}

function withCriteria(config: Config, types: readonly string[]) {
  const criteria = criteriaFrom(config, types);
  return criteria.length > 0 ? { success_criteria: criteria } : {};
}

const usualMs = 10_000;

function timeoutFrom(request: Ledger<JsonObject>): { timeout?: string } {
  const said = request.take('timeout');
  if (typeof said !== 'number' || said <= 0) return {};
  const ms = Math.round(said * 1000);
  return ms === usualMs ? {} : { timeout: formatDuration(ms) };
}

function requestFrom(config: Config): object {
  const request = requestLedger(config);
  const method = textOf(request.take('method')) ?? 'GET';
  const headers = textsOf(request.take('headers'));
  const body = textOf(request.take('body'));
  const isJson = request.take('bodyType') === 'application/json';
  const json = body !== undefined && isJson ? exactJson(body) : undefined;
  const follows = request.take('follow_redirects') === true;
  if (follows) request.lose('follow_redirects', true, 'our probe follows up to ten redirects', 'follow: 10');
  const own = {
    ...(method === 'GET' ? {} : { method: method.toUpperCase() }),
    url: request.take('url'),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(json !== undefined ? { json } : body !== undefined ? { body } : {}),
    ...(follows ? { follow: 10, follow_to_private: true } : {}),
    ...(request.take('allow_insecure') === true ? { insecure: true } : {}),
    ...timeoutFrom(request),
  };
  rest(request);
  return own;
}

function stepFrom(step: Config): object {
  const name = textOf(step.take('name'));
  const captures = mapsOf(step.take('extractedValues')).flatMap((value, index) => {
    const from = captureFrom(value);
    if (from === undefined) {
      step.lose(`extractedValues.${index}`, value, 'a capture is a value in a body of JSON, or a header');
      return [];
    }
    return [[String(value['name']).toLowerCase(), from]];
  });
  for (const field of ['id', 'subtype']) step.take(field);
  const own = {
    ...(name === undefined || /^(first|step [0-9]+)$/.test(name) ? {} : { name }),
    ...requestFrom(step),
    ...(captures.length > 0 ? { capture: Object.fromEntries(captures) } : {}),
    ...withCriteria(step, httpTypes),
  };
  step.rest('our steps have nothing like it');
  return own;
}

function captureFrom({ type, field, parser, name }: JsonObject): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(String(name))) return undefined;
  const { type: kind, value } = isObject(parser) ? parser : {};
  if (type === 'http_header' && kind === 'raw' && typeof field === 'string') return `header:${field}`;
  return type === 'http_body' && kind === 'json_path' ? pointerOfPath(String(value)) : undefined;
}
