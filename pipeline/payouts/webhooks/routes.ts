import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '#pipeline/payouts/caller.ts';
import { answerWithDetail, refusals } from '#pipeline/payouts/errors.ts';
import { type Provider, providers } from '#pipeline/payouts/payouts.ts';
import { ProviderName } from '#pipeline/payouts/schemas.ts';
import { limitCallers } from '#pipeline/runtime/caller-limit.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import type { TurnStore } from '#pipeline/runtime/rate-limiter.ts';
import { rawBodyOf, takeRawBody } from '#pipeline/runtime/raw-body.ts';
import { uuidPattern } from '#pipeline/shared/uuid.ts';
import { type ReceiveDeps, receiveCallback } from './receive.ts';
import { replayEvent } from './replay.ts';

/** A callback is a few hundred bytes, and each is kept. */
const maxBytes = 65_536;

const OrNull = Type.Union([Type.String(), Type.Null()]);
const received = {
  ok: Type.Literal(true),
  provider: ProviderName,
  provider_ref: OrNull,
  external_ref: OrNull,
  status: Type.String(),
  ignored: Type.Optional(Type.Literal(true)),
  reason: Type.Optional(Type.String()),
};
const ReceivedAnswer = Type.Object(received);
const ReplayedAnswer = Type.Object({ ...received, event_id: Type.String() });
/** What is wrong with a callback, or in general with a request. */
const RefusedAnswer = Type.Object({
  detail: Type.Union([Type.Object({ error: Type.String() }), Type.String()]),
});

export interface WebhookLimits {
  turns: TurnStore;
  perMinute: number;
}

export async function registerWebhooks(
  parent: FastifyInstance,
  deps: ReceiveDeps,
  { turns, perMinute }: WebhookLimits,
): Promise<void> {
  await parent.register(async (scope) => {
    answerWithDetail(scope);
    takeRawBody(scope, maxBytes);
    const limit = limitCallers(turns, 'payouts:webhooks', perMinute);
    for (const provider of providers) registerProvider(scope, provider, deps, limit);
  });
}

function registerProvider(
  scope: FastifyInstance,
  provider: Provider,
  deps: ReceiveDeps,
  limit: ReturnType<typeof limitCallers>,
): void {
  const response = { 200: ReceivedAnswer, '4xx': RefusedAnswer, '5xx': RefusedAnswer };
  scope.post(
    `/v1/webhooks/${provider.toLowerCase()}`,
    {
      config: { auth: 'public' },
      onRequest: limit,
      schema: { tags: ['payouts: webhooks'], response },
    },
    async (request, reply) => {
      const given = request.headers['x-signature'];
      const { status, body } = await receiveCallback(deps, {
        provider,
        signature: typeof given === 'string' ? given : undefined,
        body: rawBodyOf(request),
        requestId: request.id,
      });
      return reply.code(status).send(body);
    },
  );
}

const flag = Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')]));

/** Within the scope of the administration. */
export function registerReplay(plain: FastifyInstance, deps: ReceiveDeps): void {
  const app = plain as TypedApp;
  app.post(
    '/v1/admin/webhooks/events/:id/replay',
    {
      config: { auth: 'ADMIN', realm: 'payouts' },
      schema: {
        security: [{ bearer: [] }],
        tags: ['payouts: administration'],
        params: Type.Object({ id: Type.String({ pattern: uuidPattern }) }),
        querystring: Type.Object({ allow_terminal_override: flag }),
        response: { 200: ReplayedAnswer, ...refusals },
      },
    },
    (request) => {
      const override = request.query.allow_terminal_override === 'true';
      return replayEvent(deps, { eventId: request.params.id, override, ...actorOf(request) });
    },
  );
}
