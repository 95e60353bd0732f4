import type { FastifyInstance } from 'fastify';
import type { Database } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import { maskedPayoutAnswer, retryAnswer } from './answers.ts';
import { audit } from './audit.ts';
import { actorOf } from './caller.ts';
import { refusals } from './errors.ts';
import { listPayouts, listWebhookEvents } from './listing.ts';
import { findPayout } from './payouts.ts';
import { confirmPayout, retryPayout } from './retry.ts';
import {
  ConfirmBody,
  EventsAnswer,
  EventsQuery,
  ListAnswer,
  ListQuery,
  ProcessedAnswer,
  RetryAnswer,
  RetryBody,
  RoleAnswer,
  RoleBody,
  TransactionParams,
} from './schemas.ts';
import { setRole } from './users.ts';

const config = { auth: 'ADMIN', realm: 'payouts' } as const;
const security = [{ bearer: [] }];
const tags = ['payouts: administration'];
const payouts = '/v1/admin/mobile-money/payouts';
const fewest = 50;

export interface AdminDeps {
  db: Database;
  /** One pass of the worker; gives how many payouts it took. */
  processOnce?(): Promise<number>;
}

export function registerPayoutAdmin(plain: FastifyInstance, { db, processOnce }: AdminDeps): void {
  const app = plain as TypedApp;
  registerLists(app, db);
  app.post(
    `${payouts}/:transaction_id/retry`,
    {
      config,
      schema: {
        security,
        tags,
        params: TransactionParams,
        body: RetryBody,
        response: { 200: RetryAnswer, ...refusals },
      },
    },
    async (request) => {
      const { force = false, reason = null } = request.body ?? {};
      const order = { force, reason, ...actorOf(request) };
      return retryAnswer(await retryPayout(db, request.params.transaction_id, order));
    },
  );
  app.post(
    `${payouts}/:transaction_id/confirmed`,
    {
      config,
      schema: {
        security,
        tags,
        params: TransactionParams,
        body: ConfirmBody,
        response: { 200: RetryAnswer, ...refusals },
      },
    },
    async (request) => {
      const { provider_ref: providerRef = null, reason = null } = request.body ?? {};
      const order = { providerRef, reason, ...actorOf(request) };
      return retryAnswer(await confirmPayout(db, request.params.transaction_id, order));
    },
  );
  app.post(
    '/v1/admin/roles/set',
    { config, schema: { security, tags, body: RoleBody, response: { 200: RoleAnswer, ...refusals } } },
    async (request) => {
      const { target_user_id, role } = request.body;
      const user = await setRole(db, { id: target_user_id }, role, actorOf(request));
      return { user_id: user.id, role: user.role };
    },
  );
  if (!processOnce) return;
  app.post(
    `${payouts}/process-once`,
    { config, schema: { security, tags, response: { 200: ProcessedAnswer, ...refusals } } },
    async (request) => {
      await audit(db, { ...actorOf(request), action: 'payouts.process-once', target: 'payouts' });
      return { processed: await processOnce() };
    },
  );
}

function registerLists(app: TypedApp, db: Database): void {
  app.get(
    payouts,
    {
      config,
      schema: { security, tags, querystring: ListQuery, response: { 200: ListAnswer, ...refusals } },
    },
    async ({ query }) => {
      const { status, provider, retryable } = query;
      const [limit, offset] = [Number(query.limit ?? fewest), Number(query.offset ?? 0)];
      const wanted = retryable === undefined ? undefined : retryable === 'true';
      const found = await listPayouts(db, { status, provider, retryable: wanted, limit, offset });
      return { payouts: found.map(maskedPayoutAnswer), count: found.length, limit, offset };
    },
  );
  app.get(
    `${payouts}/:transaction_id/webhook-events`,
    {
      config,
      schema: {
        security,
        tags,
        params: TransactionParams,
        querystring: EventsQuery,
        response: { 200: EventsAnswer, ...refusals },
      },
    },
    async ({ params, query }) => {
      const transactionId = params.transaction_id;
      if (!(await findPayout(db, transactionId))) throw new ServiceError('NOT_FOUND', 'Payout not found');
      return eventsAnswer(db, { transactionId, limit: Number(query.limit ?? fewest) });
    },
  );
  app.get(
    '/v1/admin/webhooks/events',
    {
      config,
      schema: { security, tags, querystring: EventsQuery, response: { 200: EventsAnswer, ...refusals } },
    },
    ({ query }) => eventsAnswer(db, { limit: Number(query.limit ?? fewest) }),
  );
}

async function eventsAnswer(db: Database, wanted: { transactionId?: string; limit: number }) {
  const found = await listWebhookEvents(db, wanted);
  const events = found.map((event) => ({ ...event, received_at: event.received_at.toISOString() }));
  return { events: events as never, count: events.length, limit: wanted.limit };
}
