import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { applyFault } from './apply-fault.ts';
import { accountBody, balanceBody, identityBody, successful } from './envelope.ts';
import type { Endpoint, Fault } from './faults.ts';
import { Refusal, type SimulatorState } from './state.ts';
import { answerTransactions, type Query } from './transactions.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    endpoint?: Endpoint;
  }
  interface FastifyRequest {
    fault?: Fault | undefined;
  }
}

type Body = Record<string, unknown>;
type ById = FastifyRequest<{ Params: { id: string }; Querystring: Query }>;

/** Mono's documented v2 endpoints. */
export function registerRoutes(app: FastifyInstance, state: SimulatorState): void {
  const { now, secretKey } = state.settings;

  app.addHook('onRequest', async (request, reply) => {
    const { endpoint } = request.routeOptions.config;
    if (endpoint === undefined) return;
    const struck = await applyFault(state, endpoint, reply);
    if (struck.answered) return reply;
    request.fault = struck.fault;
    if (request.headers['mono-sec-key'] !== secretKey) {
      throw new Refusal(401, 'Unauthorized. Invalid or missing mono-sec-key');
    }
  });

  app.post('/v2/accounts/initiate', at('initiate'), (request) => initiate(state, asBody(request.body)));
  app.post('/v2/accounts/auth', at('auth'), (request) => {
    const { code } = asBody(request.body);
    if (typeof code !== 'string' || code === '') throw new Refusal(400, 'code is required');
    return successful(now(), { id: state.redeem(code) });
  });
  app.get('/v2/accounts/:id', at('account'), (request: ById, reply) => {
    const account = realTime(state, request, reply);
    return successful(now(), accountBody(account));
  });
  app.get('/v2/accounts/:id/balance', at('balance'), (request: ById, reply) => {
    const account = realTime(state, request, reply);
    return successful(now(), balanceBody(account));
  });
  app.get('/v2/accounts/:id/identity', at('identity'), (request: ById) =>
    successful(now(), identityBody(state.account(request.params.id))),
  );
  app.get('/v2/accounts/:id/transactions', at('transactions'), (request: ById, reply) => {
    const account = realTime(state, request, reply);
    const answer = answerTransactions(state, account, request.query, request.fault);
    if (!(Symbol.iterator in answer)) return answer;
    return reply.type('application/json; charset=utf-8').send(Readable.from(answer));
  });
  app.get<{ Params: { id: string; job: string } }>('/v2/accounts/:id/jobs/:job', at('job'), (request) => {
    const { id, job } = request.params;
    if (state.account(id).realTime?.jobId !== job) throw new Refusal(404, 'This job does not exist');
    const name = 'jobs.accounts.sync_statement';
    return successful(now(), {
      id: job,
      status: 'finished',
      name,
      account: id,
      business: 'bus_01',
      app: 'app_01',
    });
  });
  app.post('/v2/accounts/:id/unlink', at('unlink'), (request: ById) => {
    state.account(request.params.id).unlinked = true;
    const { status, message } = successful(now(), null);
    return { status, message };
  });
}

function at(endpoint: Endpoint) {
  return { config: { endpoint } };
}

/** `x-realtime: true` (also spelt `x-real-time`) adds three headers about the refresh that it started. */
function realTime(state: SimulatorState, request: ById, reply: FastifyReply) {
  const account = state.account(request.params.id);
  const asked = request.headers['x-realtime'] ?? request.headers['x-real-time'];
  if (asked === 'true') {
    const session = state.realTimeSession(account);
    reply.header('x-has-new-data', String(session.hasNewData));
    reply.header('x-job-id', session.jobId).header('x-job-status', 'finished');
  }
  return account;
}

function initiate(state: SimulatorState, body: Body) {
  const { scope, customer, redirect_url: redirectUrl, account, meta } = body;
  if (scope !== 'auth' && scope !== 'reauth') throw new Refusal(400, 'scope must be auth or reauth');
  if (typeof redirectUrl !== 'string' || !URL.canParse(redirectUrl)) {
    throw new Refusal(400, 'redirect_url is required');
  }
  const customerId = scope === 'auth' ? customerOf(state, asBody(customer)) : `cus_${account}`;
  if (scope === 'reauth' && typeof account !== 'string') throw new Refusal(400, 'account is required');
  if (scope === 'reauth') state.account(String(account));
  const serial = state.nextSerial();
  return successful(state.settings.now(), {
    mono_url: `https://link.mono.co/AL${serial}`,
    customer: customerId,
    meta: { ref: asBody(meta).ref ?? null },
    scope,
    ...(scope === 'reauth' && { account, institution: 'GTBank', auth_method: 'internet_banking' }),
    redirect_url: redirectUrl,
    created_at: state.settings.now().toISOString(),
  });
}

function customerOf(state: SimulatorState, customer: Body): string {
  if (typeof customer.id === 'string') return customer.id;
  if (typeof customer.name === 'string' && typeof customer.email === 'string')
    return `cus_${state.nextSerial()}`;
  throw new Refusal(400, 'customer needs name and email, or id');
}

function asBody(value: unknown): Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Body) : {};
}
