import { isObject, type JsonObject } from '../../../checks/json.ts';
import type { Ledger } from '../../export/ledger.ts';
import { mapOf, mapsOf, textOf } from '../read-text.ts';
import { exactJson } from '../request.ts';
import { criteriaFrom } from './assertions.ts';

type Request = Ledger<JsonObject>;

/** The part of a check that depends on its type; there is none for a type that we have no probe for. */
export const parts: Readonly<Record<string, (request: Request) => object>> = {
  API: httpPart,
  URL: httpPart,
  TCP(request) {
    const data = textOf(request.take('data'));
    const own = {
      type: 'tcp',
      host: request.take('hostname'),
      port: Number(request.take('port')),
      ...(data ? { send: data } : {}),
    };
    return { ...own, ...withCriteria(request) };
  },
  DNS(request) {
    const record = textOf(request.take('recordType')) ?? 'A';
    const server = textOf(request.take('nameServer'));
    const port = Number(request.take('port') ?? 53);
    if (request.take('protocol') === 'TCP') request.lose('protocol', 'TCP', 'our probe asks over UDP');
    const own = {
      type: 'dns',
      host: request.take('query'),
      ...(record === 'A' ? {} : { record }),
      ...(server ? { server: port === 53 ? server : `${server}:${port}` } : {}),
    };
    return { ...own, ...withCriteria(request) };
  },
  SSL(request) {
    const config = request.inside('sslConfig', mapOf(request.take('sslConfig')));
    const { port = 443, serverName } = {
      port: config.take('port'),
      serverName: textOf(config.take('serverName')),
    };
    for (const field of ['handshakeTimeoutMs', 'ipFamily', 'alertDaysBeforeExpiry']) config.take(field);
    const own = {
      type: 'tls',
      host: config.take('hostname'),
      ...(port === 443 ? {} : { port: Number(port) }),
      ...(serverName ? { server_name: serverName } : {}),
      ...(config.take('skipChainValidation') === true ? { insecure: true } : {}),
    };
    config.rest('our probe has nothing like it');
    return { ...own, ...withCriteria(request) };
  },
  GRPC(request) {
    const config = request.inside('grpcConfig', mapOf(request.take('grpcConfig')));
    const mode = config.take('mode');
    if (mode !== 'HEALTH') config.lose('mode', mode, 'our probe asks for the health of a service', 'HEALTH');
    const service = textOf(config.take('service'));
    const own = {
      type: 'grpc',
      host: request.take('url'),
      port: Number(request.take('port')),
      ...(service ? { service } : {}),
      ...(config.take('tls') === true ? { tls: true } : {}),
      ...(request.take('skipSSL') === true ? { insecure: true } : {}),
    };
    config.rest('our probe has nothing like it');
    return { ...own, ...withCriteria(request) };
  },
};

const kept = ['id', 'checkId', 'created_at', 'updated_at', 'ipFamily'];

function withCriteria(request: Request): object {
  const criteria = criteriaFrom(request);
  for (const field of kept) request.take(field);
  const auth = request.take('basicAuth');
  if (isObject(auth) && auth['username'])
    request.lose('basicAuth', 'given', 'write it as a header with a secret');
  request.rest('our probe has nothing like it');
  return criteria.length > 0 ? { success_criteria: criteria } : {};
}

function httpPart(request: Request): object {
  const method = textOf(request.take('method')) ?? 'GET';
  const body = textOf(request.take('body'));
  const bodyType = textOf(request.take('bodyType')) ?? 'NONE';
  const headers = Object.fromEntries(
    mapsOf(request.take('headers')).map(({ key, value }) => [String(key), String(value)]),
  );
  const json = bodyType === 'JSON' && body !== undefined ? exactJson(body) : undefined;
  const sent = body !== undefined && body !== '' && bodyType !== 'NONE';
  const follows = request.take('followRedirects') === true;
  if (follows) request.lose('followRedirects', true, 'our probe follows up to ten redirects', 'follow: 10');
  const own = {
    ...(method === 'GET' ? {} : { method: method.toUpperCase() }),
    url: addressOf(request),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(!sent ? {} : json === undefined ? { body } : { json }),
    ...(follows ? { follow: 10, follow_to_private: true } : {}),
    ...(request.take('skipSSL') === true ? { insecure: true } : {}),
  };
  return { ...own, ...withCriteria(request) };
}

/** Parameters stand in the address, as they are sent. */
function addressOf(request: Request): string {
  const url = String(request.take('url'));
  const pairs = mapsOf(request.take('queryParameters')).map(
    ({ key, value }) => `${encoded(key)}=${encoded(value)}`,
  );
  if (pairs.length === 0) return url;
  return `${url}${url.includes('?') ? '&' : '?'}${pairs.join('&')}`;
}

/** A reference to a secret stays one. */
function encoded(text: unknown): string {
  return String(text)
    .split(/(\$\{secret\.[A-Za-z0-9_]+\})/)
    .map((part, index) => (index % 2 === 1 ? part : encodeURIComponent(part)))
    .join('');
}
