import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import { answerOnce, IdempotencyHeaders, type OnceAnswer } from '#pipeline/runtime/idempotency.ts';
import { envelope } from '#pipeline/shared/envelope.ts';
import { CallbackAnswer, ConnectionsAnswer, EventsAnswer, LinkAnswer, SyncAnswer } from './answers.ts';
import { finishLink, listConnections, startLink } from './connections.ts';
import { listEvents, parseRunId, runIdsOf } from './events.ts';
import { CallbackBody, LinkBody, RunParams, SyncBody } from './schemas.ts';
import { type OperationDeps, runSyncOperation } from './sync-operation.ts';

const base = '/api/v1/si/banking/open-banking';
const config = { auth: 'SYSTEM_INTEGRATOR' } as const;
const security = [{ bearer: [] }];
const tags = ['open banking'];

type Deps = OperationDeps & { signal: AbortSignal };

/** What system integrators call. */
export function registerIntegratorRoutes(plain: FastifyInstance, deps: Deps): void {
  const app = plain as TypedApp;
  registerLinking(app, deps);
  registerSync(app, deps);
  app.get(
    base,
    { config, schema: { security, tags, response: { 200: ConnectionsAnswer } } },
    async (request) => {
      const connections = await listConnections(deps.sync.db, request.user.sub);
      return envelope('open_banking_connections_listed', { connections }, { count: connections.length });
    },
  );
  app.get(
    `${base}/transactions/runs/:correlation_id/events`,
    { config, schema: { security, tags, params: RunParams, response: { 200: EventsAnswer } } },
    async (request) => {
      const runId = parseRunId(request.params.correlation_id);
      if (!runId) throw new ServiceError('BAD_REQUEST', 'this is no correlation id');
      const events = await listEvents(deps.sync.db, runId, request.user.sub);
      if (events.length === 0) throw new ServiceError('NOT_FOUND', 'no such run');
      return envelope('mono_run_events', { events }, { correlation_id: runIdsOf(runId).pipeline });
    },
  );
}

function registerLinking(app: TypedApp, { sync: { db, client } }: Deps): void {
  const linking = { db, client };
  const common = { security, tags, headers: IdempotencyHeaders };
  app.post(
    `${base}/mono/link`,
    { config, schema: { ...common, body: LinkBody, response: { 201: LinkAnswer } } },
    (request, reply) =>
      once(db, request, reply, async () => {
        const session = await startLink(linking, request.user.sub, request.body);
        return { status: 201, body: envelope('mono_link_created', session), isFinal: true };
      }),
  );
  app.post(
    `${base}/mono/callback`,
    { config, schema: { ...common, body: CallbackBody, response: { 200: CallbackAnswer } } },
    (request, reply) =>
      once(db, request, reply, async () => {
        const linked = await finishLink(linking, request.user.sub, request.body);
        return { status: 200, body: envelope('mono_callback_processed', linked), isFinal: true };
      }),
  );
}

function registerSync(app: TypedApp, deps: Deps): void {
  const schema = {
    security,
    tags,
    headers: IdempotencyHeaders,
    body: SyncBody,
    response: { 200: SyncAnswer },
  };
  app.post(`${base}/transactions/sync`, { config, schema }, (request, reply) =>
    once(deps.sync.db, request, reply, async () => {
      const options = { trigger: 'manual', signal: deps.signal } as const;
      const answer = await runSyncOperation(deps, request.user.sub, request.body.sync_config, options);
      const { operation, si_id, data } = answer;
      const body = { operation, si_id, ...envelope(operation, data) };
      return { status: 200, body, isFinal: data.sync_started };
    }),
  );
}

async function once(
  db: Database,
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => Promise<OnceAnswer>,
): Promise<never> {
  const { headers, body, user, routeOptions } = request;
  const asked = { caller: user.sub, operation: routeOptions.url ?? '', headers, body };
  const answer = await answerOnce(db, asked, work);
  if (answer.replayed) reply.header('idempotency-replayed', 'true');
  return reply.code(answer.status).send(answer.body) as never;
}
