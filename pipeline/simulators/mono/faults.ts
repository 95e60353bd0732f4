import Type, { type Static } from 'typebox';

export const endpoints = [
  'initiate',
  'auth',
  'account',
  'balance',
  'identity',
  'transactions',
  'job',
  'unlink',
  'session',
  'login',
] as const;

export type Endpoint = (typeof endpoints)[number];

export const faultKinds = [
  'latency',
  'rate_limit',
  'server_error',
  'cut_connection',
  'html_error',
  'malformed_json',
  'auth_failure',
  'reauthorisation_required',
  'empty',
  'duplicate_page',
  'shifting_pages',
] as const;

export const Fault = Type.Object(
  {
    kind: Type.Enum([...faultKinds]),
    /** How many requests it strikes; without it, all until it is cleared. */
    calls: Type.Optional(Type.Integer({ minimum: 1 })),
    endpoint: Type.Optional(Type.Enum([...endpoints])),
    /** `latency`: before anything else happens. */
    ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 600_000 })),
    /** `rate_limit`, `server_error`: seconds, or an HTTP date that many seconds ahead. */
    retryAfter: Type.Optional(Type.Integer({ minimum: 0 })),
    retryAfterAsDate: Type.Optional(Type.Boolean()),
    /** `server_error` and `html_error`. */
    status: Type.Optional(Type.Integer({ minimum: 200, maximum: 599 })),
    /** `cut_connection`: before the head, or in the middle of the body, which is the default. */
    beforeHead: Type.Optional(Type.Boolean()),
    /** `shifting_pages`: rows that come on top before each page. */
    rows: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  },
  { additionalProperties: false },
);

export type Fault = Static<typeof Fault>;

interface Armed {
  fault: Fault;
  left: number;
}

export class FaultList {
  #armed: Armed[] = [];

  add(fault: Fault): void {
    this.#armed.push({ fault, left: fault.calls ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#armed = [];
  }

  list(): Fault[] {
    return this.#armed.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, calls: left } : fault));
  }

  /** What strikes this request: every latency, and the first of the others. Each strike uses one call up. */
  strike(endpoint: Endpoint): { delayMs: number; fault: Fault | undefined } {
    const matching = this.#armed.filter(({ fault }) => (fault.endpoint ?? endpoint) === endpoint);
    const delays = matching.filter(({ fault }) => fault.kind === 'latency');
    const other = matching.find(({ fault }) => fault.kind !== 'latency');
    for (const armed of other ? [...delays, other] : delays) armed.left -= 1;
    this.#armed = this.#armed.filter(({ left }) => left > 0);
    return { delayMs: delays.reduce((sum, { fault }) => sum + (fault.ms ?? 1000), 0), fault: other?.fault };
  }
}
