import { Anything, DurationText, Options } from '../checks/define.ts';
import { type Static, type TSchema, Type } from '../type.ts';
import { CriteriaFor } from './criteria-schema.ts';

/**
 * What one synthetic check says. Every string may hold `${BASE_URL}`, `${WS_BASE_URL}` (the same with ws or wss),
 * `${vars.NAME}`, `${secret.NAME}`, and in later steps `${capture.NAME}`; a secret's value never stands in the file.
 */
const Text = Type.String({ minLength: 1 });
const Texts = Type.Record(Type.String(), Type.String());
const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
const Name = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_-]*$', maxLength: 64 });
const Labels = Type.Record(Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }), Type.String());

const Captures = Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]*$' }), Text, {
  description: 'name: JSON pointer into what came, or `header:NAME`; later steps use ${capture.NAME}',
});

export const Criticality = Type.Union(
  (['critical', 'high', 'medium', 'low'] as const).map((name) => Type.Literal(name)),
  { description: 'what it costs when this is down; the key to the time in which it must recover' },
);

const common = {
  name: Name,
  description: Type.Optional(Type.String()),
  active: Type.Optional(Type.Boolean({ description: 'false: kept, but never run; default true' })),
  tags: Type.Optional(Type.Array(Text, { uniqueItems: true })),
  labels: Type.Optional(
    Type.Intersect([Labels, Type.Object({ criticality: Type.Optional(Criticality) })], {
      description: 'environment, service, criticality and others; they go out with every alert and export',
    }),
  ),
  interval: Type.Optional(DurationText({ description: 'from 1s; default 60s' })),
  timeout: Type.Optional(
    DurationText({ description: 'for one attempt, all steps and the whole body; default 10s' }),
  ),
  retries: Type.Optional(
    Options({
      count: Type.Integer({ minimum: 1, maximum: 10 }),
      delay: Type.Optional(DurationText({ description: 'pause before each; default 1s' })),
    }),
  ),
  failure_threshold: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, description: 'failures in a row before an alert; default 3' }),
  ),
  environments: Type.Optional(
    Type.Array(Text, { minItems: 1, uniqueItems: true, description: 'where it is probed; default in all' }),
  ),
  locations: Type.Optional(
    Type.Array(Text, { minItems: 1, uniqueItems: true, description: 'where it is probed from; default all' }),
  ),
  depends_on: Type.Optional(
    Type.Array(Name, {
      uniqueItems: true,
      description:
        'checks without which this one must fail: while one of them is down, this one pages nobody',
    }),
  ),
  maintenance: Type.Optional(
    Type.Array(Text, { uniqueItems: true, description: 'windows of this file in which it is not monitored' }),
  ),
  expect: Type.Optional(
    Type.Array(Text, { minItems: 1, description: 'CEL over the facts of this type of probe' }),
  ),
} as const;

const body = {
  json: Type.Optional(Anything({ description: 'body, sent as application/json' })),
  body: Type.Optional(Type.String({ description: 'body as it is' })),
};

const request = {
  method: Type.Optional(Type.String({ pattern: '^[A-Z]+$', description: 'default GET' })),
  url: Text,
  headers: Type.Optional(Texts),
  ...body,
};

const tlsOptions = {
  insecure: Type.Optional(
    Type.Boolean({ description: 'any certificate will do; its facts are told all the same; default false' }),
  ),
  server_name: Type.Optional(Text),
};

const HttpStep = Options({
  name: Type.Optional(Text),
  ...request,
  capture: Type.Optional(Captures),
  success_criteria: Type.Optional(CriteriaFor('http')),
});

const Single = Options({
  ...common,
  type: Type.Optional(Type.Literal('http', { description: 'default' })),
  ...request,
  steps: Type.Optional(
    Type.Array(HttpStep, {
      minItems: 1,
      maxItems: 20,
      description: 'requests after the first, in order; the criteria of the check judge the last',
    }),
  ),
  capture: Type.Optional(Captures),
  follow: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 10, description: 'redirects to follow; default 0' }),
  ),
  follow_to_private: Type.Optional(
    Type.Boolean({ description: 'may a redirect lead to a private address? default false' }),
  ),
  max_bytes: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 67_108_864, description: 'of one body; default 1048576' }),
  ),
  connection: Type.Optional(
    Type.Union([Type.Literal('fresh'), Type.Literal('kept')], {
      description:
        'fresh: one of its own; kept: shared, with checks of the same origin and TLS; default fresh',
    }),
  ),
  ...tlsOptions,
  success_criteria: Type.Optional(CriteriaFor('http')),
});

const Tcp = Options({
  ...common,
  type: Type.Literal('tcp'),
  host: Text,
  port: Port,
  send: Type.Optional(Type.String()),
  tls: Type.Optional(Type.Boolean({ description: 'default false' })),
  ...tlsOptions,
  success_criteria: Type.Optional(CriteriaFor('tcp')),
});

const records = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'SRV', 'CAA', 'PTR'] as const;

const Dns = Options({
  ...common,
  type: Type.Literal('dns'),
  host: Text,
  record: Type.Optional(
    Type.Unsafe<(typeof records)[number]>(
      Type.Union(
        records.map((record) => Type.Literal(record)),
        { description: 'default A' },
      ),
    ),
  ),
  server: Type.Optional(
    Type.String({ description: 'address of a name server, with or without port; default the system’s' }),
  ),
  success_criteria: Type.Optional(CriteriaFor('dns')),
});

const Tls = Options({
  ...common,
  type: Type.Literal('tls'),
  host: Text,
  port: Type.Optional(Port),
  ...tlsOptions,
  success_criteria: Type.Optional(CriteriaFor('tls')),
});

const Turn = Type.Union([
  Options({ send: Type.Union([Type.String(), Options({ json: Anything() })]) }),
  Options({
    expect: Options({
      contains: Type.Optional(Text),
      json: Type.Optional(Type.Record(Type.String({ pattern: '^(/.*)?$' }), Anything())),
    }),
    capture: Type.Optional(Captures),
    within: Type.Optional(DurationText({ description: 'default: what is left of the time-out' })),
  }),
  Options({ close: Type.Integer({ minimum: 1000, maximum: 4999, description: 'the code that we send' }) }),
  Options({ closed: Type.Integer({ description: 'the code with which it must close' }) }),
]);

const WebSocketCheck = Options({
  ...common,
  type: Type.Literal('websocket'),
  url: Text,
  headers: Type.Optional(Texts),
  subprotocol: Type.Optional(Text),
  conversation: Type.Optional(
    Type.Array(Turn, {
      minItems: 1,
      maxItems: 50,
      description: 'what is said, turn by turn; default: connect and close',
    }),
  ),
  ...tlsOptions,
  success_criteria: Type.Optional(CriteriaFor('websocket')),
});

const Grpc = Options({
  ...common,
  type: Type.Literal('grpc'),
  host: Text,
  port: Port,
  service: Type.Optional(Type.String({ description: 'name that grpc.health.v1 is asked for; default all' })),
  tls: Type.Optional(Type.Boolean({ description: 'default false' })),
  ...tlsOptions,
  success_criteria: Type.Optional(CriteriaFor('grpc')),
});

const Browser = Options({
  ...common,
  type: Type.Literal('browser'),
  file: Type.String({ description: 'a Playwright test of the project' }),
  grep: Type.Optional(Text),
  project: Type.Optional(Text),
  env: Type.Optional(Texts),
  success_criteria: Type.Optional(CriteriaFor('browser')),
});

const Script = Options({
  ...common,
  type: Type.Literal('script'),
  run: Type.String({ description: 'a program of the project; its last line of JSON are its facts' }),
  args: Type.Optional(Type.Array(Type.String())),
  env: Type.Optional(Texts),
  success_criteria: Type.Optional(CriteriaFor('script')),
});

const byType = {
  http: Single,
  tcp: Tcp,
  dns: Dns,
  tls: Tls,
  websocket: WebSocketCheck,
  grpc: Grpc,
  browser: Browser,
  script: Script,
} as const satisfies Record<string, TSchema>;

export const SyntheticCheckSchema = Type.Unsafe<SyntheticCheck>(Type.Union(Object.values(byType)));

export type HttpCheck = Static<typeof Single>;
export type TcpCheck = Static<typeof Tcp>;
export type DnsCheck = Static<typeof Dns>;
export type TlsCheck = Static<typeof Tls>;
export type WebSocketCheck = Static<typeof WebSocketCheck>;
export type WebSocketTurn = Static<typeof Turn>;
export type GrpcCheck = Static<typeof Grpc>;
export type BrowserCheck = Static<typeof Browser>;
export type ScriptCheck = Static<typeof Script>;
export type SyntheticCheck =
  | HttpCheck
  | TcpCheck
  | DnsCheck
  | TlsCheck
  | WebSocketCheck
  | GrpcCheck
  | BrowserCheck
  | ScriptCheck;
