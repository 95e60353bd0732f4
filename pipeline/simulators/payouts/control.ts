import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import type { BookLine } from './book.ts';
import { Fault } from './faults.ts';
import { type SimulatedProvider, simulatedProviders } from './options.ts';
import type { SimulatorState } from './state.ts';

const ModeBody = Type.Object(
  {
    mode: Type.Enum(['up', 'slow', 'dead']),
    /** `slow`: how much longer each answer takes. */
    ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 600_000 })),
  },
  { additionalProperties: false },
);
const CallbackOrder = Type.Object(
  { url: Type.Union([Type.String({ pattern: '^https?://' }), Type.Null()]) },
  { additionalProperties: false },
);
const ByProvider = Type.Object({ provider: Type.Enum([...simulatedProviders]) });

export interface PayoutSimulatorControl {
  addFault(fault: Fault): void;
  clearFaults(): void;
  setMode(provider: SimulatedProvider, mode: Static<typeof ModeBody>): void;
  callBack(url: string | undefined): void;
  /** What was really taken and paid. */
  book(): BookLine[];
  /** By provider, occasion and status: `MOMO submit 202`; 0 where there was no answer. */
  requests(): Record<string, number>;
  /** Resolves when nothing is going to change any more by itself. */
  idle(): Promise<void>;
}

export function controlOf(state: SimulatorState): PayoutSimulatorControl {
  return {
    addFault: (fault) => state.faults.add(fault),
    clearFaults: () => state.faults.clear(),
    setMode: (provider, { mode, ms = 2000 }) => void state.modes.set(provider, { mode, ms }),
    callBack: (url) => {
      state.callbackUrl = url;
    },
    book: () => state.book.lines(),
    requests: () => Object.fromEntries([...state.requests].sort()),
    idle: () => state.idle(),
  };
}

/** What tests and drills turn while the simulators run; no part of any provider's API. */
export function registerControl(server: FastifyInstance, state: SimulatorState): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const control = controlOf(state);
  app.get('/__sim/health', () => ({
    ok: true,
    simulator: 'payouts',
    providers: Object.fromEntries(state.modes),
    taken: state.book.size,
    undecided: state.book.undecided,
  }));
  app.get('/__sim/book', () => ({ payments: control.book() }));
  app.get('/__sim/stats', () => ({ requests: control.requests() }));
  app.post('/__sim/reset', async () => {
    control.clearFaults();
    await state.idle();
    state.book.clear();
    state.requests.clear();
    for (const provider of simulatedProviders) control.setMode(provider, { mode: 'up', ms: 0 });
    return { ok: true };
  });
  app.get('/__sim/faults', () => ({ faults: state.faults.list() }));
  app.post('/__sim/faults', { schema: { body: Fault } }, ({ body }) => {
    control.addFault(body);
    return { faults: state.faults.list() };
  });
  app.delete('/__sim/faults', () => {
    control.clearFaults();
    return { faults: [] };
  });
  app.put('/__sim/providers/:provider', { schema: { params: ByProvider, body: ModeBody } }, (request) => {
    control.setMode(request.params.provider, request.body);
    return { providers: Object.fromEntries(state.modes) };
  });
  app.put('/__sim/callbacks', { schema: { body: CallbackOrder } }, ({ body }) => {
    control.callBack(body.url ?? undefined);
    return { url: body.url };
  });
}
