import type { JsonObject } from '../../../checks/json.ts';
import type { SyntheticCheck } from '../../check-schema.ts';
import type { Criterion } from '../../criteria-schema.ts';
import { textInPattern } from '../../export/gatus/values.ts';
import type { Ledger } from '../../export/ledger.ts';
import { mapOf, textOf, textsOf } from '../read-text.ts';
import { bodyOf, exactJson, hostOf } from '../request.ts';
import { type Body, bodyCriterion, type Read, valueCriterion } from './conditions.ts';
import { namesAsked } from './dns.ts';

/** What depends on the type of an endpoint. */
export type OwnPart = Partial<SyntheticCheck> & { success_criteria?: Criterion[] };
export type EndpointLedger = Ledger<JsonObject>;

type ReadType = (url: string, ledger: EndpointLedger, read: Read) => OwnPart;

const byScheme: Readonly<Record<string, ReadType>> = {
  http: readHttp,
  https: readHttp,
  tcp: readTcp,
  tls: readTcp,
  ws: readWebSocket,
  wss: readWebSocket,
  grpc: readGrpc,
  grpcs: readGrpc,
};

/** Undefined, after a loss, for what our probe can't do. */
export function ownPart(ledger: EndpointLedger, read: Read): OwnPart | undefined {
  const url = textOf(ledger.take('url')) ?? '';
  const dns = ledger.take('dns');
  const scheme = /^([a-z]+):\/\//.exec(url)?.[1] ?? '';
  const readType = dns === undefined ? byScheme[scheme] : undefined;
  if (dns !== undefined) return namesAsked(url, mapOf(dns), ledger, read);
  if (readType) return readType(url, ledger, read);
  ledger.lose('url', url, `our probe does not speak ${scheme || 'this'}: the endpoint is left out`);
  return undefined;
}

function readHttp(url: string, ledger: EndpointLedger, read: Read): OwnPart {
  const method = textOf(ledger.take('method'));
  const headers = textsOf(ledger.take('headers'));
  const criteria = [...read.criteria, ...fromBodies(read, ledger, bodyCriterion)];
  const expect = read.aboutStatus ? read.expect : [...read.expect, 'status > 0'];
  return {
    ...(method === undefined ? {} : { method }),
    url,
    ...bodyOf(textOf(ledger.take('body')), headers, ledger.take('graphql') === true),
    ...(criteria.length > 0 ? { success_criteria: criteria } : {}),
    ...(expect.length > 0 ? { expect } : {}),
  } as OwnPart;
}

/** What each comparison with the body is in our words; those that are nothing are lost. */
function fromBodies<T>({ bodies }: Read, ledger: EndpointLedger, say: (body: Body) => T | undefined): T[] {
  return bodies.flatMap((body) => {
    const said = say(body);
    if (said === undefined) ledger.lose('conditions', body.condition, 'our criteria have nothing like it');
    return said === undefined ? [] : [said];
  });
}

const received = ({ path, operator, value }: Body): string | undefined =>
  path === '' && operator === '==' ? textInPattern(value) : undefined;

function readTcp(url: string, ledger: EndpointLedger, read: Read): OwnPart {
  const send = textOf(ledger.take('body'));
  const isTls = url.startsWith('tls:');
  const texts = fromBodies(read, ledger, received);
  const aboutExpiry = read.aboutExpiry && send === undefined;
  const criteria: Criterion[] = [...read.criteria, ...texts.map((text) => ({ received_contains: text }))];
  return {
    type: isTls && aboutExpiry ? 'tls' : 'tcp',
    ...hostOf(url),
    ...(isTls && !aboutExpiry ? { tls: true } : {}),
    ...(send === undefined ? {} : { send }),
    ...(criteria.length > 0 ? { success_criteria: criteria } : {}),
  } as OwnPart;
}

function readGrpc(url: string, ledger: EndpointLedger, read: Read): OwnPart {
  const serving = fromBodies(read, ledger, ({ path, operator, value }) =>
    path === '.status' && value === 'SERVING' ? operator === '==' : undefined,
  );
  const criteria: Criterion[] = [...read.criteria, ...(serving.includes(false) ? [{ serving: false }] : [])];
  return {
    type: 'grpc',
    ...hostOf(url),
    ...(url.startsWith('grpcs:') ? { tls: true } : {}),
    ...(criteria.length > 0 ? { success_criteria: criteria } : {}),
  } as OwnPart;
}

/** Gatus sends one message, an empty one too, and waits for one. */
function readWebSocket(url: string, ledger: EndpointLedger, read: Read): OwnPart {
  const headers = textsOf(ledger.take('headers'));
  const send = textOf(ledger.take('body')) ?? '';
  const json: Record<string, unknown> = {};
  const texts = fromBodies(read, ledger, (body) => {
    const value = body.path === '' ? undefined : valueCriterion(body)?.body_json;
    if (value) return Object.assign(json, value) && '';
    return received(body);
  }).filter((text) => text !== '');
  const [first, ...others] = texts;
  const parsedSend = exactJson(send);
  const expect = {
    ...(first === undefined ? {} : { contains: first }),
    ...(Object.keys(json).length > 0 ? { json } : {}),
  };
  const criteria: Criterion[] = [...read.criteria, ...others.map((text) => ({ received_contains: text }))];
  return {
    type: 'websocket',
    url,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    conversation: [
      { send: typeof parsedSend === 'object' && parsedSend !== null ? { json: parsedSend } : send },
      { expect },
    ],
    ...(criteria.length > 0 ? { success_criteria: criteria } : {}),
  } as OwnPart;
}
