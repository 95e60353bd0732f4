import { createHash } from 'node:crypto';
import Type, { type Static } from 'typebox';
import { type SimulatedProvider, simulatedProviders } from './options.ts';

/** What a request or a callback is about. */
export const occasions = ['token', 'quote', 'create', 'submit', 'status', 'find', 'callback'] as const;
export type Occasion = (typeof occasions)[number];

export const faultKinds = [
  'latency',
  'drop',
  'cut',
  'late',
  'server_error',
  'error_after',
  'rate_limit',
  'html_error',
  'malformed_json',
  'auth_failure',
  'refuse',
  'decline',
  'instant',
  'never',
  'callback_lost',
  'callback_duplicate',
  'callback_late',
  'callback_reorder',
  'callback_forged',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export const Fault = Type.Object(
  {
    kind: Type.Enum([...faultKinds]),
    provider: Type.Optional(Type.Enum([...simulatedProviders])),
    occasion: Type.Optional(Type.Enum([...occasions])),
    /** How many it strikes; without it, all until it is cleared. */
    calls: Type.Optional(Type.Integer({ minimum: 1 })),
    /** The share that it strikes, chosen by the seed. */
    rate: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    /** `latency`, `late`, `callback_late`. */
    ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 600_000 })),
    /** `server_error`, `error_after`. */
    status: Type.Optional(Type.Integer({ minimum: 400, maximum: 599 })),
    /** `refuse`, `decline`: the provider's code. */
    reason: Type.Optional(Type.String({ pattern: '^[A-Z_]{1,64}$' })),
  },
  { additionalProperties: false },
);
export type Fault = Static<typeof Fault>;

/** Which faults can strike on which occasion; a fault that names no occasion strikes on all of its own. */
const submitOnly: readonly FaultKind[] = ['late', 'error_after', 'refuse', 'decline', 'instant', 'never'];
const isOf = (kind: FaultKind, occasion: Occasion) =>
  kind.startsWith('callback_')
    ? occasion === 'callback'
    : occasion !== 'callback' && (!submitOnly.includes(kind) || occasion === 'submit');

interface Armed {
  fault: Fault;
  left: number;
}

export interface Situation {
  provider: SimulatedProvider;
  occasion: Occasion;
  /** Of the payment, so that chance does not depend on what else is under way. */
  key: string;
}

export class FaultList {
  readonly #seed: string;
  #armed: Armed[] = [];
  #seen = new Map<string, number>();

  constructor(seed: string) {
    this.#seed = seed;
  }

  add(fault: Fault): void {
    this.#armed.push({ fault, left: fault.calls ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#armed = [];
  }

  list(): Fault[] {
    return this.#armed.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, calls: left } : fault));
  }

  /** A latency and one other that strike here; each strike uses one call up. */
  strike(situation: Situation): Fault[] {
    const { provider, occasion, key } = situation;
    const id = `${provider} ${occasion} ${key}`;
    const turn = (this.#seen.get(id) ?? 0) + 1;
    this.#seen.set(id, turn);
    const struck: Armed[] = [];
    for (const armed of this.#armed) {
      const { fault } = armed;
      const isMeant = (fault.provider ?? provider) === provider && (fault.occasion ?? occasion) === occasion;
      if (!isMeant || !isOf(fault.kind, occasion) || armed.left <= 0) continue;
      if (struck.some((other) => (other.fault.kind === 'latency') === (fault.kind === 'latency'))) continue;
      if (draw(this.#seed, fault.kind, id, String(turn)) < (fault.rate ?? 1)) struck.push(armed);
    }
    for (const armed of struck) armed.left -= 1;
    this.#armed = this.#armed.filter(({ left }) => left > 0);
    return struck.map(({ fault }) => fault);
  }
}

/** From 0 to 1, the same for the same words. */
export function draw(...words: string[]): number {
  return createHash('sha256').update(words.join('\0')).digest().readUInt32BE() / 2 ** 32;
}
