import type { FastifyInstance } from 'fastify';
import { centsOf, type Payment } from './book.ts';
import type { Fault } from './faults.ts';
import type { SimulatorState } from './state.ts';
import { answer, type Reply, submit } from './strike.ts';

const provider = 'THUNES';
const root = '/v2/money-transfer';
const statuses = {
  CREATED: ['10000', 'CREATED'],
  PENDING: ['50000', 'SUBMITTED'],
  PAID: ['70000', 'COMPLETED'],
  FAILED: ['90000', 'DECLINED'],
} as const;

interface Quotation {
  external_id: string;
  destination: { amount: string; currency: string };
}

interface Body {
  external_id: string;
  credit_party_identifier: { msisdn: string };
  callback_url?: string;
}

/** Thunes' quotation, transaction and confirmation; an external id is taken once. */
export function registerThunes(app: FastifyInstance, state: SimulatorState): void {
  // The statuses of the API are numbers; those of the callbacks are words, as the service's convention has them.
  state.wording.set(provider, (payment, news) => ({
    id: payment.providerRef,
    external_id: payment.externalRef,
    status: news === 'FAILED' ? `DECLINED_${payment.reason ?? 'BY_PAYER'}` : statuses[news][1],
  }));
  const find = finder(state);
  registerPreparation(app, state);

  app.post<{ Params: { id: string } }>(`${root}/transactions/:id/confirm`, ({ params: { id } }, reply) => {
    const payment = find(id);
    const key = payment?.externalRef ?? id;
    const perform = (fault: Fault | undefined): Reply => {
      if (!payment) return error(404, 'TRANSACTION_NOT_FOUND');
      if (payment.state === 'CREATED') state.settle(payment, fault);
      return { status: 200, body: view(payment) };
    };
    return submit(state, reply, {
      situation: { provider, occasion: 'submit', key },
      perform,
      refuse: (reason) => error(400, reason),
    });
  });

  app.get<{ Params: { id: string } }>(`${root}/transactions/:id`, ({ params: { id } }, reply) =>
    answer(state, reply, { provider, occasion: id.startsWith('ext-') ? 'find' : 'status', key: id }, () => {
      const payment = find(id);
      return payment ? { status: 200, body: view(payment) } : error(404, 'TRANSACTION_NOT_FOUND');
    }),
  );
}

const error = (status: number, code: string): Reply => ({
  status,
  body: { errors: [{ code, message: code }] },
});

const finder = (state: SimulatorState) => (id: string) =>
  id.startsWith('ext-') ? state.book.under(provider, id.slice(4))[0] : state.book.of(provider, id);

/** What pays nobody yet. */
function registerPreparation(app: FastifyInstance, state: SimulatorState): void {
  const quotations = new Map<string, { amountCents: bigint; currency: string }>();
  const find = finder(state);
  app.post<{ Body: Quotation }>(`${root}/quotations`, ({ body }, reply) =>
    answer(state, reply, { provider, occasion: 'quote', key: body.external_id }, () => {
      const amountCents = centsOf(body.destination.amount);
      if (amountCents === undefined) return error(400, 'INVALID_AMOUNT');
      const id = state.nextRef(provider);
      quotations.set(id, { amountCents, currency: body.destination.currency });
      return { status: 201, body: { id, external_id: body.external_id } };
    }),
  );

  app.post<{ Params: { id: string }; Body: Body }>(
    `${root}/quotations/:id/transactions`,
    ({ params, body }, reply) =>
      answer(state, reply, { provider, occasion: 'create', key: body.external_id }, () => {
        const quoted = quotations.get(params.id);
        if (!quoted) return error(404, 'QUOTATION_NOT_FOUND');
        if (find(`ext-${body.external_id}`)) return error(409, 'EXTERNAL_ID_NOT_UNIQUE');
        const phone = body.credit_party_identifier.msisdn;
        const taken = { ...quoted, externalRef: body.external_id, phone, callbackUrl: body.callback_url };
        const made = state.book.add(provider, state.nextRef(provider), taken, 'CREATED');
        return { status: 201, body: view(made) };
      }),
  );
}

function view({ providerRef, externalRef, state, reason }: Payment) {
  const [status, word] = statuses[state];
  const message = state === 'FAILED' ? `${word}-${reason}` : word;
  return { id: providerRef, external_id: externalRef, status, status_message: message };
}
