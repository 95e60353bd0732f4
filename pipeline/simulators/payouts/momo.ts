import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { centsOf, type Payment } from './book.ts';
import type { Fault } from './faults.ts';
import type { SimulatorState } from './state.ts';
import { answer, type Reply, submit } from './strike.ts';

const provider = 'MOMO';
const path = '/disbursement/v1_0/transfer';
const words = { CREATED: 'PENDING', PENDING: 'PENDING', PAID: 'SUCCESSFUL', FAILED: 'FAILED' } as const;
const tokenSeconds = 3600;
const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

interface Body {
  amount: string;
  currency: string;
  externalId: string;
  payee: { partyIdType: 'MSISDN'; partyId: string };
}

/** MTN MoMo's disbursements as MTN documents them; a reference is taken once. */
export function registerMomo(app: FastifyInstance, state: SimulatorState): void {
  const tokens = new Set<string>();
  const error = (status: number, code: string): Reply => ({ status, body: { code, message: code } });
  const isKnown = ({ headers }: FastifyRequest) =>
    headers['ocp-apim-subscription-key'] !== undefined &&
    tokens.has(String(headers.authorization).replace('Bearer ', ''));
  state.wording.set(provider, view);

  app.post('/disbursement/token/', ({ headers }, reply) =>
    answer(state, reply, { provider, occasion: 'token', key: '' }, () => {
      if (!/^Basic \S+$/.test(headers.authorization ?? '')) return error(401, 'UNAUTHORIZED');
      const token = randomUUID();
      tokens.add(token);
      return {
        status: 200,
        body: { access_token: token, token_type: 'access_token', expires_in: tokenSeconds },
      };
    }),
  );

  app.post<{ Body: Body }>(path, (request, reply) => {
    const { amount, currency, externalId, payee } = request.body;
    const providerRef = String(request.headers['x-reference-id']);
    const callbackUrl = request.headers['x-callback-url'];
    const amountCents = centsOf(amount);
    const perform = (fault: Fault | undefined): Reply => {
      if (!isKnown(request)) return error(401, 'UNAUTHORIZED');
      if (!uuid4.test(providerRef) || amountCents === undefined) return error(400, 'INVALID_REQUEST');
      if (state.book.of(provider, providerRef)) return error(409, 'RESOURCE_ALREADY_EXIST');
      const taken = { externalRef: externalId, phone: payee.partyId, amountCents, currency };
      const callback = typeof callbackUrl === 'string' ? { callbackUrl } : {};
      state.take(provider, providerRef, { ...taken, ...callback }, fault);
      return { status: 202 };
    };
    const situation = { provider, occasion: 'submit', key: externalId } as const;
    return submit(state, reply, { situation, perform, refuse: (reason) => error(400, reason) });
  });

  app.get<{ Params: { id: string } }>(
    `${path}/:id`,
    (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) =>
      answer(state, reply, { provider, occasion: 'status', key: request.params.id }, () => {
        if (!isKnown(request)) return error(401, 'UNAUTHORIZED');
        const payment = state.book.of(provider, request.params.id);
        if (!payment) return error(404, 'RESOURCE_NOT_FOUND');
        return { status: 200, body: view(payment, payment.state) };
      }),
  );
}

/** The same in an answer and in a callback. */
function view(payment: Payment, state: Payment['state']) {
  const { providerRef, externalRef, amountCents, currency, phone, reason } = payment;
  return {
    financialTransactionId: String(Number.parseInt(providerRef.slice(0, 8), 16)),
    externalId: externalRef,
    amount: String(amountCents / 100n),
    currency,
    payee: { partyIdType: 'MSISDN', partyId: phone },
    status: words[state],
    ...(state === 'FAILED' && { reason }),
  };
}
