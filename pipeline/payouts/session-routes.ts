import type { FastifyInstance } from 'fastify';
import { limitCallers } from '#pipeline/runtime/caller-limit.ts';
import type { Database } from '#pipeline/runtime/db.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import type { TurnStore } from '#pipeline/runtime/rate-limiter.ts';
import { refusals } from './errors.ts';
import { LoginAnswer, LoginBody, RegisterAnswer, RegisterBody } from './schemas.ts';
import { createUserLogin, registerUser } from './users.ts';

const config = { auth: 'public', realm: 'payouts' } as const;
const tags = ['payouts: session'];
const tokenSeconds = 3600;

export interface SessionDeps {
  db: Database;
  turns: TurnStore;
  loginsPerMinute: number;
}

export function registerSessionRoutes(
  plain: FastifyInstance,
  { db, turns, loginsPerMinute }: SessionDeps,
): void {
  const app = plain as TypedApp;
  const login = createUserLogin(db);
  app.post(
    '/v1/auth/register',
    {
      config,
      schema: { tags, body: RegisterBody, response: { 201: RegisterAnswer, ...refusals } },
      onRequest: limitCallers(turns, 'payouts:register', loginsPerMinute),
    },
    async ({ body }, reply) => {
      const { email, password, phone_e164: phone, country, full_name: fullName = null } = body;
      const { userId, walletId } = await registerUser(db, { email, password, phone, country, fullName });
      return reply.code(201).send({ user_id: userId, wallet_id: walletId });
    },
  );
  app.post(
    '/v1/auth/login',
    {
      config,
      schema: { tags, body: LoginBody, response: { 200: LoginAnswer, ...refusals } },
      onRequest: limitCallers(turns, 'payouts:login', loginsPerMinute),
    },
    async ({ body }, reply) => {
      const { id, role } = await login(body.email, body.password);
      const access_token = await reply.jwtSign({ sub: id, role }, { expiresIn: tokenSeconds });
      reply.header('cache-control', 'no-store');
      return { access_token, token_type: 'bearer' as const, expires_in: tokenSeconds, user_id: id };
    },
  );
}
