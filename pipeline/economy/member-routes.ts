import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '#pipeline/runtime/db.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import type { Login } from '#pipeline/runtime/login.ts';
import { HistoryAnswer, LoginAnswer, WalletAnswer } from './answers.ts';
import { exportTransactions, listTransactions } from './history.ts';
import { memberOf } from './member.ts';
import { ExportQuery, LoginBody, PageQuery, readPage } from './schemas.ts';
import type { Member } from './users.ts';
import { readWallet } from './wallets.ts';

const config = { auth: 'MEMBER' } as const;
const security = [{ bearer: [] }];
const tags = ['wallet'];
const tokenSeconds = 3600;

export function registerMemberRoutes(plain: FastifyInstance, db: Database, login: Login<Member>): void {
  const app = plain as TypedApp;
  app.post(
    '/api/auth/login/',
    {
      config: { auth: 'public' },
      schema: { tags: ['session'], body: LoginBody, response: { 200: LoginAnswer } },
    },
    async (request, reply) => {
      const { id, role } = await login(request.body.username, request.body.password);
      const token = await reply.jwtSign({ sub: id, role }, { expiresIn: tokenSeconds });
      reply.header('cache-control', 'no-store');
      return { token, token_type: 'Bearer' as const, expires_in: tokenSeconds, user_id: id };
    },
  );
  app.get(
    '/api/wallet/',
    { config, schema: { security, tags, response: { 200: WalletAnswer } } },
    (request) => readWallet(db, memberOf(request)),
  );
  app.get(
    '/api/transactions',
    { config, schema: { security, tags, querystring: PageQuery, response: { 200: HistoryAnswer } } },
    (request) => listTransactions(db, memberOf(request), readPage(request.query)),
  );
  app.get(
    '/api/transactions/export/',
    {
      config,
      schema: {
        security,
        tags,
        querystring: ExportQuery,
        response: { 200: { content: { 'text/csv': { schema: Type.String() } } } },
      },
    },
    async (request, reply) => {
      const lines = await exportTransactions(db, memberOf(request));
      reply.type('text/csv; charset=utf-8');
      reply.header('content-disposition', 'attachment; filename="transactions.csv"');
      return reply.send(Readable.from(lines) as never) as never;
    },
  );
}
