import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import { envelope } from '#pipeline/shared/envelope.ts';
import { finishLink, listConnections, startLink } from './connections.ts';
import { listEvents, parseRunId, runIdsOf } from './events.ts';
import { CallbackBody, LinkBody, RunParams, SyncBody } from './schemas.ts';
import { type OperationDeps, runSyncOperation } from './sync-operation.ts';

const base = '/api/v1/si/banking/open-banking';
const config = { auth: 'SYSTEM_INTEGRATOR' } as const;
const security = [{ bearer: [] }];
const tags = ['open banking'];

/** What system integrators call. */
export function registerIntegratorRoutes(
  plain: FastifyInstance,
  deps: OperationDeps & { signal: AbortSignal },
) {
  const app = plain as TypedApp;
  const linking = { db: deps.sync.db, client: deps.sync.client };
  app.get(base, { config, schema: { security, tags } }, async (request) => {
    const connections = await listConnections(deps.sync.db, request.user.sub);
    return envelope('open_banking_connections_listed', { connections }, { count: connections.length });
  });
  app.post(
    `${base}/mono/link`,
    { config, schema: { security, tags, body: LinkBody } },
    async (request, reply) => {
      const session = await startLink(linking, request.user.sub, request.body);
      return reply.code(201).send(envelope('mono_link_created', session));
    },
  );
  app.post(
    `${base}/mono/callback`,
    { config, schema: { security, tags, body: CallbackBody } },
    async (request) =>
      envelope('mono_callback_processed', await finishLink(linking, request.user.sub, request.body)),
  );
  app.post(
    `${base}/transactions/sync`,
    { config, schema: { security, tags, body: SyncBody } },
    async (request) => {
      const { operation, si_id, data } = await runSyncOperation(
        deps,
        request.user.sub,
        request.body.sync_config,
        { trigger: 'manual', signal: deps.signal },
      );
      return { operation, si_id, ...envelope(operation, data) };
    },
  );
  app.get(
    `${base}/transactions/runs/:correlation_id/events`,
    { config, schema: { security, tags, params: RunParams, response: { 200: Type.Unknown() } } },
    async (request) => {
      const runId = parseRunId(request.params.correlation_id);
      if (!runId) throw new ServiceError('BAD_REQUEST', 'this is no correlation id');
      const events = await listEvents(deps.sync.db, runId, request.user.sub);
      if (events.length === 0) throw new ServiceError('NOT_FOUND', 'no such run');
      return envelope('mono_run_events', { events }, { correlation_id: runIdsOf(runId).pipeline });
    },
  );
}
