import type { FastifyInstance } from 'fastify';
import { centsOf, type Payment } from './book.ts';
import type { Fault } from './faults.ts';
import type { SimulatorState } from './state.ts';
import { answer, type Reply, submit } from './strike.ts';

const provider = 'FLOOZ';
const path = '/v1/transfer';
const words = { CREATED: 'PENDING', PENDING: 'PENDING', PAID: 'SUCCESSFUL', FAILED: 'REJECTED' } as const;

interface Body {
  type: 'cashin';
  msisdn: string;
  amount: string;
  currency: string;
  client_ref: string;
}

/** The provider that pays whatever it is sent: the same reference twice is two payments. */
export function registerFlooz(app: FastifyInstance, state: SimulatorState): void {
  state.wording.set(provider, (payment, news) => ({
    data: { transaction_id: payment.providerRef, client_ref: payment.externalRef, state: words[news] },
  }));
  const refuse = (status: number, errorCode: string): Reply => ({ status, body: { errorCode } });

  app.post<{ Body: Body }>(path, ({ body }, reply) => {
    const { client_ref: externalRef, msisdn, amount, currency } = body;
    const amountCents = centsOf(amount);
    const perform = (fault: Fault | undefined): Reply => {
      if (amountCents === undefined) return refuse(400, 'INVALID_AMOUNT');
      const taken = { externalRef, phone: msisdn, amountCents, currency };
      return { status: 200, body: view(state.take(provider, state.nextRef(provider), taken, fault)) };
    };
    const situation = { provider, occasion: 'submit', key: externalRef } as const;
    return submit(state, reply, { situation, perform, refuse: (reason) => refuse(400, reason) });
  });

  app.get<{ Params: { id: string } }>(`${path}/:id`, ({ params: { id } }, reply) =>
    answer(state, reply, { provider, occasion: 'status', key: id }, () => {
      const payment = state.book.of(provider, id);
      return payment ? { status: 200, body: view(payment) } : refuse(404, 'TRANSFER_NOT_FOUND');
    }),
  );

  app.get<{ Querystring: { client_ref: string } }>('/v1/transfers', ({ query }, reply) =>
    answer(state, reply, { provider, occasion: 'find', key: query.client_ref }, () => ({
      status: 200,
      body: { transfers: state.book.under(provider, query.client_ref).map(view) },
    })),
  );
}

function view({ providerRef, externalRef, state, reason }: Payment) {
  return {
    transactionId: providerRef,
    client_ref: externalRef,
    state: words[state],
    ...(reason && { reason }),
  };
}
