import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '#pipeline/runtime/db.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import { renderUsers } from './admin-page.ts';
import { PostAnswer, RefundAnswer, RevenueAnswer, UserAnswer, UsersAnswer, WalletAnswer } from './answers.ts';
import { periodOf, summariseRevenue } from './revenue.ts';
import {
  IdParams,
  MemberBody,
  PageQuery,
  PostBody,
  RefundBody,
  RequiredKeyHeaders,
  RevenueQuery,
  readPage,
  UserParams,
} from './schemas.ts';
import { refund } from './shop.ts';
import { createMember, deactivateMember, listUsers } from './users.ts';
import { post, readWallet } from './wallets.ts';

const config = { auth: 'ADMIN' } as const;
const security = [{ bearer: [] }];
const tags = ['platform administration'];

export function registerPlatformAdmin(plain: FastifyInstance, db: Database): void {
  const app = plain as TypedApp;
  const html = { 200: { content: { 'text/html': { schema: Type.String() } } } };
  app.get(
    '/admin/auth/user/',
    { config, schema: { security, tags, querystring: PageQuery, response: html } },
    async (request, reply) => {
      const page = renderUsers(await listUsers(db, readPage(request.query)));
      reply.header('cache-control', 'no-store');
      return reply.type('text/html; charset=utf-8').send(page as never) as never;
    },
  );
  app.get(
    '/api/admin/users/',
    { config, schema: { security, tags, querystring: PageQuery, response: { 200: UsersAnswer } } },
    (request) => listUsers(db, readPage(request.query)),
  );
  app.get(
    '/api/admin/revenue/summary/',
    { config, schema: { security, tags, querystring: RevenueQuery, response: { 200: RevenueAnswer } } },
    (request) => summariseRevenue(db, periodOf(request.query.start_date, request.query.end_date)),
  );
  registerMembers(app, db);
  registerMoney(app, db);
}

function registerMembers(app: TypedApp, db: Database): void {
  app.post(
    '/api/admin/users/',
    { config, schema: { security, tags, body: MemberBody, response: { 201: UserAnswer } } },
    async (request, reply) =>
      reply.code(201).send(await createMember(db, request.body.username, request.body.password)),
  );
  app.post(
    '/api/admin/users/:user_id/deactivate/',
    { config, schema: { security, tags, params: UserParams, response: { 200: UserAnswer } } },
    (request) => deactivateMember(db, request.params.user_id),
  );
}

function registerMoney(app: TypedApp, db: Database): void {
  const wallet = '/api/admin/wallets/:user_id/';
  const keyed = { security, tags, headers: RequiredKeyHeaders };
  app.get(
    wallet,
    { config, schema: { security, tags, params: UserParams, response: { 200: WalletAnswer } } },
    (request) => readWallet(db, request.params.user_id),
  );
  app.post(
    `${wallet}transactions/`,
    { config, schema: { ...keyed, params: UserParams, body: PostBody, response: { 201: PostAnswer } } },
    async (request, reply) => {
      const { replayed, ...posted } = await post(db, {
        userId: request.params.user_id,
        ...request.body,
        idempotencyKey: request.headers['idempotency-key'],
      });
      if (replayed) reply.header('idempotency-replayed', 'true');
      return reply.code(201).send(posted);
    },
  );
  app.post(
    '/api/admin/purchases/:id/refund/',
    { config, schema: { ...keyed, params: IdParams, body: RefundBody, response: { 201: RefundAnswer } } },
    async (request, reply) => {
      const { replayed, ...refunded } = await refund(db, {
        purchaseId: request.params.id,
        amount: request.body.amount,
        idempotencyKey: request.headers['idempotency-key'],
      });
      if (replayed) reply.header('idempotency-replayed', 'true');
      return reply.code(201).send(refunded);
    },
  );
}
