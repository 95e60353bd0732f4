import type { FastifyInstance } from 'fastify';
import { centsOf, type Payment } from './book.ts';
import type { Fault } from './faults.ts';
import type { SimulatorState } from './state.ts';
import { answer, type Reply, submit } from './strike.ts';

const provider = 'TMONEY';
const path = '/v1/disbursements';
const words = { CREATED: 'PENDING', PENDING: 'PENDING', PAID: 'SUCCESS', FAILED: 'FAILED' } as const;

interface Body {
  externalRef: string;
  msisdn: string;
  amount: string;
  currency: string;
  callbackUrl?: string;
}

/** TMoney publishes nothing: a convention of ours. A reference is taken once. */
export function registerTmoney(app: FastifyInstance, state: SimulatorState): void {
  state.wording.set(provider, (payment, news) => ({
    transaction_id: payment.providerRef,
    external_ref: payment.externalRef,
    status: words[news],
  }));
  const refuse = (status: number, code: string): Reply => ({ status, body: { error: { code } } });

  app.post<{ Body: Body }>(path, ({ body }, reply) => {
    const { externalRef, msisdn, amount, currency, callbackUrl } = body;
    const amountCents = centsOf(amount);
    const perform = (fault: Fault | undefined): Reply => {
      if (amountCents === undefined) return refuse(400, 'INVALID_AMOUNT');
      const [earlier] = state.book.under(provider, externalRef);
      if (earlier) {
        const error = { code: 'DUPLICATE_REFERENCE' };
        return { status: 409, body: { error, disbursement: view(earlier) } };
      }
      const taken = { externalRef, phone: msisdn, amountCents, currency, callbackUrl };
      return { status: 201, body: view(state.take(provider, state.nextRef(provider), taken, fault)) };
    };
    const situation = { provider, occasion: 'submit', key: externalRef } as const;
    return submit(state, reply, { situation, perform, refuse: (reason) => refuse(422, reason) });
  });

  app.get<{ Params: { id: string } }>(`${path}/:id`, ({ params: { id } }, reply) =>
    answer(state, reply, { provider, occasion: 'status', key: id }, () => {
      const payment = state.book.of(provider, id);
      return payment ? { status: 200, body: view(payment) } : refuse(404, 'NOT_FOUND');
    }),
  );

  app.get<{ Querystring: { externalRef: string } }>(path, ({ query: { externalRef } }, reply) =>
    answer(state, reply, { provider, occasion: 'find', key: externalRef }, () => ({
      status: 200,
      body: { items: state.book.under(provider, externalRef).map(view) },
    })),
  );
}

function view({ providerRef, externalRef, state, reason }: Payment) {
  return { transactionId: providerRef, externalRef, status: words[state], ...(reason && { reason }) };
}
