import { Anything, Instant } from '../../checks/define.ts';
import { AnswerFacts } from '../../checks/http-answer.ts';
import { type TObject, Type } from '../../type.ts';
import type { ProbeType } from '../criteria-schema.ts';

/** What expectations of each type of probe may read. */

const duration = { duration_ms: Type.Integer({ description: 'until all of it had come' }) };

const Certificate = Type.Object(
  {
    trusted: Type.Boolean({ description: 'is its chain trusted, and in time?' }),
    name_matches: Type.Boolean(),
    days_left: Type.Integer({ description: 'until the first of the chain expires; negative when one has' }),
    not_after: Instant(),
    subject: Type.String(),
    issuer: Type.String(),
    chain_length: Type.Integer(),
    protocol: Type.String({ description: 'such as TLSv1.3' }),
    problem: Type.String({ description: 'why it is not trusted, else empty' }),
  },
  { description: 'of an answer that came over TLS' },
);
const certificate = { certificate: Type.Optional(Certificate) };

const Http = Type.Object({
  ...AnswerFacts,
  url: Type.String({ description: 'where the answer came from, after redirects' }),
  redirects: Type.Integer({ description: 'that were followed' }),
  redirected_to: Type.String({ description: 'where it led in the end, followed or not; empty if nowhere' }),
  reused: Type.Boolean({ description: 'did it come over a connection that another probe had opened?' }),
  ...certificate,
  steps: Type.Array(
    Type.Object({ name: Type.String(), status: Type.Integer(), duration_ms: Type.Integer() }),
    { description: 'every answer in order; the facts beside this list are those of the last one' },
  ),
});

const Tcp = Type.Object({
  connected: Type.Boolean(),
  received: Type.String({ description: 'the first 4,096 characters' }),
  received_bytes: Type.Integer(),
  ...duration,
  ...certificate,
});

const Dns = Type.Object({
  answers: Type.Array(Type.String(), { description: 'as text, sorted; MX as "10 mail.example.org"' }),
  ...duration,
});

const Tls = Type.Object({ certificate: Certificate, ...duration });

const WebSocket = Type.Object({
  opened: Type.Boolean(),
  subprotocol: Type.String(),
  messages: Type.Array(Type.String(), { description: 'that came, in order; the first 100' }),
  messages_total: Type.Integer(),
  json: Type.Optional(Anything({ description: 'the last message, when it is JSON' })),
  close_code: Type.Integer({ description: 'with which it was closed; 1006: without a word' }),
  ...duration,
  ...certificate,
});

const Grpc = Type.Object({
  serving: Type.Boolean(),
  health: Type.String({ description: 'SERVING, NOT_SERVING, SERVICE_UNKNOWN or UNKNOWN' }),
  grpc_status: Type.Integer({ description: '0 is OK' }),
  ...duration,
  ...certificate,
});

const Browser = Type.Object({
  exit_code: Type.Integer(),
  passed: Type.Integer(),
  flaky: Type.Integer(),
  failed: Type.Integer({ description: 'with those whose time was up' }),
  skipped: Type.Integer(),
  first_failure: Type.String({ description: 'title and error of the first test that failed, else empty' }),
  ...duration,
});

const Script = Type.Object({
  exit_code: Type.Integer(),
  summary: Type.Optional(
    Anything({ description: 'all JSON objects of stdout without a text `event`, merged' }),
  ),
  events: Type.Optional(
    Type.Array(Anything(), { description: 'JSON lines of stdout with a text `event`, in order' }),
  ),
  ...duration,
});

export const probeFacts = {
  http: Http,
  tcp: Tcp,
  dns: Dns,
  tls: Tls,
  websocket: WebSocket,
  grpc: Grpc,
  browser: Browser,
  script: Script,
} as const satisfies Record<ProbeType, TObject>;
