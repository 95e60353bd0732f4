import type { FastifyInstance } from 'fastify';
import type { Database } from '#pipeline/runtime/db.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import { ItemsAnswer, PurchaseAnswer } from './answers.ts';
import type { Gate } from './gate.ts';
import { memberOf } from './member.ts';
import { IdParams, KeyHeaders, PurchaseBody } from './schemas.ts';
import { listItems, order, settle } from './shop.ts';

const config = { auth: 'MEMBER' } as const;
const security = [{ bearer: [] }];
const tags = ['shop'];

export interface ShopDeps {
  db: Database;
  gate: Gate;
  holdSeconds: number;
}

export function registerShopRoutes(plain: FastifyInstance, { db, gate, holdSeconds }: ShopDeps): void {
  const app = plain as TypedApp;
  app.get(
    '/api/shop/items',
    { config: { auth: 'public' }, schema: { tags, response: { 200: ItemsAnswer } } },
    async () => ({ items: await listItems(db) }),
  );
  const schema = {
    security,
    tags,
    headers: KeyHeaders,
    body: PurchaseBody,
    response: { 201: PurchaseAnswer },
  };
  for (const [path, capture] of [
    ['/api/shop/purchase/', true],
    ['/api/shop/holds/', false],
  ] as const) {
    app.post(path, { config, schema }, async (request, reply) => {
      const userId = memberOf(request);
      await gate.assertAllowed('purchase', userId);
      const { item_id: itemId, quantity = 1 } = request.body;
      const idempotencyKey = request.headers['idempotency-key'];
      const asked = { userId, itemId, quantity, idempotencyKey, holdSeconds, capture };
      const { replayed, ...purchase } = await order(db, asked);
      if (replayed) reply.header('idempotency-replayed', 'true');
      return reply.code(201).send(purchase);
    });
  }
  const settling = { security, tags, params: IdParams, response: { 200: PurchaseAnswer } };
  app.post('/api/shop/holds/:id/capture/', { config, schema: settling }, async (request) => {
    const userId = memberOf(request);
    await gate.assertAllowed('purchase', userId);
    return settle(db, request.params.id, userId, 'captured');
  });
  app.post('/api/shop/holds/:id/release/', { config, schema: settling }, (request) =>
    settle(db, request.params.id, memberOf(request), 'released'),
  );
}
