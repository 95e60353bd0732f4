import type { FastifyInstance } from 'fastify';
import type { Database } from '#pipeline/runtime/db.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import { PingAnswer, SanctionAnswer, SanctionsAnswer } from './answers.ts';
import type { Gate } from './gate.ts';
import type { SanctionCache } from './sanction-cache.ts';
import { createSanction, listSanctions, revokeSanction } from './sanctions.ts';
import { IdParams, SanctionBody, SanctionQuery } from './schemas.ts';

const config = { auth: 'ADMIN' } as const;
const security = [{ bearer: [] }];
const tags = ['moderation'];
const base = '/api/moderation/sanctions/';

export interface ModerationDeps {
  db: Database;
  gate: Gate;
  cache: SanctionCache;
}

export function registerModerationRoutes(plain: FastifyInstance, { db, gate, cache }: ModerationDeps): void {
  const app = plain as TypedApp;
  app.get(
    '/api/moderation/enforcement/ping',
    { config: { auth: 'public' }, schema: { tags, response: { 200: PingAnswer } } },
    async () => {
      await gate.probe();
      return { allow: true as const };
    },
  );
  app.get(
    base,
    { config, schema: { security, tags, querystring: SanctionQuery, response: { 200: SanctionsAnswer } } },
    async (request) => ({ sanctions: await listSanctions(db, request.query.user_id) }),
  );
  app.post(
    base,
    { config, schema: { security, tags, body: SanctionBody, response: { 201: SanctionAnswer } } },
    async (request, reply) => {
      const { user_id: userId, kind, scope = 'global', reason } = request.body;
      const { starts_at: startsAt, ends_at: endsAt } = request.body;
      const actor = request.user.sub;
      const sanction = await createSanction(db, { userId, kind, scope, reason, startsAt, endsAt, actor });
      cache.invalidate(userId);
      return reply.code(201).send(sanction);
    },
  );
  app.post(
    `${base}:id/revoke/`,
    { config, schema: { security, tags, params: IdParams, response: { 200: SanctionAnswer } } },
    async (request) => {
      const sanction = await revokeSanction(db, request.params.id, request.user.sub);
      cache.invalidate(sanction.user_id);
      return sanction;
    },
  );
}
