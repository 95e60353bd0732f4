import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Fault } from './faults.ts';
import type { RowTotals, SimulatorState } from './state.ts';
import { sendWebhook, WebhookOrder, type WebhookReceipt } from './webhooks.ts';

const mostRowsAtOnce = 10_000;

const Append = Type.Object(
  {
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: mostRowsAtOnce })),
    /** Overrides of what the seed gives each row; anything goes, so that bad rows can be served. */
    rows: Type.Optional(
      Type.Array(Type.Record(Type.String(), Type.Unknown()), { minItems: 1, maxItems: mostRowsAtOnce }),
    ),
  },
  { additionalProperties: false },
);

export type Append = { count: number } | { rows: Record<string, unknown>[] };

export interface SimulatorStats {
  /** By endpoint and status: `transactions 200`. */
  requests: Record<string, number>;
  accounts: Record<string, RowTotals>;
}

export interface SimulatorControl {
  addFault(fault: Fault): void;
  clearFaults(): void;
  reset(): void;
  append(accountId: string, what: Append): Record<string, unknown>[];
  issueCode(accountId: string): string;
  sendWebhook(order: WebhookOrder): Promise<WebhookReceipt>;
  stats(): SimulatorStats;
}

export function controlOf(state: SimulatorState): SimulatorControl {
  return {
    addFault: (fault) => state.faults.add(fault),
    clearFaults: () => state.faults.clear(),
    reset: () => state.reset(),
    append: (id, what) =>
      state.append(id, 'rows' in what ? what.rows : Array.from({ length: what.count }, () => ({}))),
    issueCode: (id) => state.issueCode(id),
    sendWebhook: (order) => sendWebhook(state, order),
    stats: () => ({
      requests: Object.fromEntries([...state.requests].sort()),
      accounts: Object.fromEntries([...state.accounts].map(([id, account]) => [id, state.totals(account)])),
    }),
  };
}

/** What tests and drills turn while the simulator runs; no part of Mono's API. */
export function registerControl(server: FastifyInstance, state: SimulatorState): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const control = controlOf(state);
  const byAccount = Type.Object({ id: Type.String() });

  app.get('/__sim/health', () => ({ ok: true, simulator: 'mono', accounts: [...state.accounts.keys()] }));
  app.get('/__sim/stats', () => control.stats());
  app.post('/__sim/reset', () => {
    control.reset();
    return { ok: true };
  });
  app.get('/__sim/faults', () => ({ faults: state.faults.list() }));
  app.post('/__sim/faults', { schema: { body: Fault } }, (request) => {
    control.addFault(request.body);
    return { faults: state.faults.list() };
  });
  app.delete('/__sim/faults', () => {
    control.clearFaults();
    return { faults: [] };
  });
  app.post('/__sim/accounts/:id/rows', { schema: { params: byAccount, body: Append } }, (request) => {
    const { rows, count = 1 } = request.body;
    return { appended: control.append(request.params.id, rows ? { rows } : { count }) };
  });
  app.post('/__sim/accounts/:id/codes', { schema: { params: byAccount } }, (request) => ({
    code: control.issueCode(request.params.id),
  }));
  app.post('/__sim/webhooks', { schema: { body: WebhookOrder } }, (request) =>
    control.sendWebhook(request.body),
  );
}
