import { randomUUID } from 'node:crypto';
import { isObject, type JsonObject } from '../../checks/json.ts';
import { schemaErrors } from '../../config/validate.ts';
import { type TSchema, Type } from '../../type.ts';
import { type Answer, type Request, type Simulator, startSimulator } from './simulator.ts';

export interface ChecklySimulator extends Simulator {
  /** Every check by its id. */
  readonly checks: Map<string, JsonObject>;
}

export const checklyKeys = { CHECKLY_API_KEY: 'cu_key_of_checkly', CHECKLY_ACCOUNT_ID: 'account-of-checkly' };

const oneOf = <T extends string | number>(...values: T[]) =>
  Type.Union(values.map((value) => Type.Literal(value)));
const exactly = (fields: Record<string, TSchema>) => Type.Object(fields, { additionalProperties: false });
const KeyValue = exactly({
  key: Type.String({ minLength: 1 }),
  value: Type.String(),
  locked: Type.Boolean(),
});
const comparisons = oneOf(
  'EQUALS',
  'NOT_EQUALS',
  'LESS_THAN',
  'GREATER_THAN',
  'CONTAINS',
  'NOT_CONTAINS',
  'IS_NULL',
);
const assertions = (...sources: string[]) =>
  Type.Array(
    exactly({
      source: oneOf(...sources),
      property: Type.String(),
      comparison: comparisons,
      target: Type.String(),
      regex: Type.Null(),
    }),
  );
const Family = oneOf('IPv4', 'IPv6');
const Port = Type.Integer({ minimum: 1, maximum: 65_535 });

/** Requests by type, as the OpenAPI document of Checkly has them. */
const requests: Readonly<Record<string, TSchema>> = {
  API: exactly({
    method: oneOf('GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS'),
    url: Type.String({ minLength: 1, maxLength: 2_048 }),
    headers: Type.Array(KeyValue),
    queryParameters: Type.Array(KeyValue),
    body: Type.Optional(Type.String()),
    bodyType: oneOf('JSON', 'FORM', 'RAW', 'GRAPHQL', 'NONE'),
    ipFamily: Family,
    followRedirects: Type.Boolean(),
    skipSSL: Type.Boolean(),
    assertions: assertions('STATUS_CODE', 'RESPONSE_TIME', 'TEXT_BODY', 'JSON_BODY', 'HEADERS'),
  }),
  TCP: exactly({
    hostname: Type.String({ minLength: 1 }),
    port: Port,
    ipFamily: Family,
    data: Type.Optional(Type.String()),
    assertions: assertions('RESPONSE_DATA', 'RESPONSE_TIME'),
  }),
  DNS: exactly({
    recordType: oneOf('A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'SOA'),
    query: Type.String({ minLength: 1 }),
    nameServer: Type.Optional(Type.String()),
    port: Type.Optional(Port),
    protocol: oneOf('UDP', 'TCP'),
    assertions: assertions('RESPONSE_CODE', 'RESPONSE_TIME', 'TEXT_ANSWER', 'JSON_ANSWER'),
  }),
  SSL: exactly({
    sslConfig: exactly({
      hostname: Type.String({ minLength: 1 }),
      port: Port,
      serverName: Type.Optional(Type.String()),
      skipChainValidation: Type.Boolean(),
    }),
    assertions: assertions('CERTIFICATE', 'CONNECTION', 'RESPONSE_TIME'),
  }),
  GRPC: exactly({
    url: Type.String({ minLength: 1 }),
    port: Port,
    ipFamily: Family,
    skipSSL: Type.Boolean(),
    grpcConfig: exactly({
      mode: oneOf('BEHAVIOR', 'HEALTH'),
      tls: Type.Boolean(),
      service: Type.Optional(Type.String()),
    }),
    assertions: assertions('RESPONSE_TIME', 'GRPC_STATUS_CODE', 'GRPC_HEALTHCHECK_STATUS'),
  }),
};

const shape = (request: TSchema) =>
  exactly({
    checkType: Type.String(),
    name: Type.String({ minLength: 1 }),
    description: Type.Optional(Type.String({ maxLength: 500 })),
    activated: Type.Boolean(),
    muted: Type.Optional(Type.Boolean()),
    shouldFail: Type.Boolean(),
    doubleCheck: Type.Boolean(),
    tags: Type.Array(Type.String({ minLength: 1 })),
    locations: Type.Array(Type.String({ pattern: '^[a-z]{2}-[a-z]+-[0-9]$' })),
    privateLocations: Type.Optional(Type.Array(Type.String())),
    runParallel: Type.Boolean(),
    frequency: oneOf(0, 1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440),
    frequencyOffset: Type.Optional(Type.Integer({ minimum: 1 })),
    degradedResponseTime: Type.Number({ minimum: 0, maximum: 180_000 }),
    maxResponseTime: Type.Number({ minimum: 0, maximum: 180_000 }),
    useGlobalAlertSettings: Type.Boolean(),
    alertChannelSubscriptions: Type.Optional(Type.Array(Type.Any())),
    groupId: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    groupOrder: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    alertSettings: exactly({
      escalationType: oneOf('RUN_BASED', 'TIME_BASED'),
      runBasedEscalation: exactly({ failedRunThreshold: oneOf(1, 2, 3, 4, 5) }),
      reminders: exactly({
        amount: oneOf(0, 1, 2, 3, 4, 5, 100_000),
        interval: oneOf(1, 2, 3, 4, 5, 10, 15, 30),
      }),
      parallelRunFailureThreshold: exactly({ enabled: Type.Boolean(), percentage: Type.Integer() }),
    }),
    retryStrategy: Type.Union([
      Type.Null(),
      exactly({
        type: oneOf('FIXED', 'LINEAR', 'EXPONENTIAL', 'SINGLE_RETRY'),
        baseBackoffSeconds: Type.Number(),
        sameRegion: Type.Boolean(),
        maxRetries: Type.Number({ minimum: 1, maximum: 10 }),
        maxDurationSeconds: Type.Number({ minimum: 0, maximum: 600 }),
      }),
    ]),
    request,
  });

const shapes = Object.fromEntries(Object.entries(requests).map(([type, request]) => [type, shape(request)]));

/** Checkly's public API of checks as its OpenAPI document has it. */
export async function startCheckly(): Promise<ChecklySimulator> {
  const checks = new Map<string, JsonObject>();
  const answer = (request: Request): Answer => {
    const { headers } = request;
    const known =
      headers.authorization === `Bearer ${checklyKeys.CHECKLY_API_KEY}` &&
      headers['x-checkly-account'] === checklyKeys.CHECKLY_ACCOUNT_ID;
    if (!known) return problem(401, 'Bad Token');
    const [, type, id] = /^\/v1\/checks(?:\/(api|tcp|dns|ssl|grpc))?(?:\/([^/]+))?$/.exec(request.path) ?? [];
    if (request.method === 'GET' && request.path === '/v1/checks')
      return { status: 200, body: page(request, checks) };
    if (request.method === 'DELETE' && id !== undefined && type === undefined)
      return checks.delete(id) ? { status: 204 } : problem(404, 'Not Found');
    if (type === undefined) return problem(404, 'Not Found');
    return put(request, { type, id, checks });
  };
  const simulator = await startSimulator(answer, ({ method }) => method !== 'GET');
  return { ...simulator, checks };
}

interface Put {
  type: string;
  id: string | undefined;
  checks: Map<string, JsonObject>;
}

function put({ method, body }: Request, { type, id, checks }: Put): Answer {
  const wanted = type.toUpperCase();
  const schema = shapes[wanted];
  if (!schema || !isObject(body) || body['checkType'] !== wanted)
    return problem(400, 'the type does not fit');
  const [wrong] = schemaErrors(schema, body, 'the check');
  if (wrong) return problem(400, JSON.stringify(wrong));
  if (method === 'POST' && id === undefined) {
    const made = randomUUID();
    checks.set(made, asStored(body, made));
    return { status: 201, body: checks.get(made) };
  }
  if (method !== 'PUT' || id === undefined || !checks.has(id)) return problem(404, 'Not Found');
  checks.set(id, asStored(body, id));
  return { status: 200, body: checks.get(id) };
}

/** With what the service adds of its own. */
function asStored(body: JsonObject, id: string): JsonObject {
  const request = Object(body['request']) as JsonObject;
  return {
    muted: false,
    groupId: null,
    groupOrder: null,
    alertChannelSubscriptions: [],
    privateLocations: [],
    frequencyOffset: 17,
    ...body,
    id,
    runtimeId: null,
    created_at: '2026-11-22T09:00:00.000Z',
    updated_at: null,
    request: {
      ...request,
      checkId: id,
      created_at: '2026-11-22T09:00:00.000Z',
      basicAuth: { username: '', password: '' },
    },
  };
}

function page({ query }: Request, checks: ReadonlyMap<string, JsonObject>): JsonObject[] {
  const limit = Number(query.get('limit') ?? 10);
  const from = (Number(query.get('page') ?? 1) - 1) * limit;
  return [...checks.values()].slice(from, from + limit);
}

const problem = (statusCode: number, message: string): Answer => ({
  status: statusCode,
  body: { statusCode, error: 'Error', message },
});
