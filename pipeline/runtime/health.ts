import type { Registry } from '@prometheus-io/client';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Database } from './db.ts';
import { areMigrationsApplied } from './migrations.ts';
import type { JobQueue } from './queue.ts';

const Health = Type.Object({ ok: Type.Boolean(), db_ok: Type.Boolean() });
const Readiness = Type.Object({
  ready: Type.Boolean(),
  db_ok: Type.Boolean(),
  migrations_ok: Type.Boolean(),
  queue_ok: Type.Boolean(),
  draining: Type.Boolean(),
});

export interface HealthDeps {
  db: Database;
  queue: JobQueue;
  registry: Registry;
  version: string;
  isDraining(): boolean;
}

const open = { auth: 'public', shed: false } as const;

export function registerHealth(app: FastifyInstance, deps: HealthDeps): void {
  const isDatabaseUp = () =>
    deps.db.query('SELECT 1').then(
      () => true,
      () => false,
    );
  app.get(
    '/health',
    {
      config: open,
      schema: { response: { 200: Type.Object({ status: Type.String(), version: Type.String() }) } },
    },
    async () => ({ status: 'ok', version: deps.version }),
  );
  app.get('/healthz', { config: open, schema: { response: { 200: Health } } }, async () => ({
    ok: true,
    db_ok: await isDatabaseUp(),
  }));
  app.get(
    '/readyz',
    { config: open, schema: { response: { 200: Readiness, 503: Readiness } } },
    async (_request, reply) => {
      const dbOk = await isDatabaseUp();
      const migrationsOk = dbOk && (await areMigrationsApplied(deps.db).catch(() => false));
      const queueOk = deps.queue.isRunning();
      const draining = deps.isDraining();
      const ready = dbOk && migrationsOk && queueOk && !draining;
      return reply
        .code(ready ? 200 : 503)
        .send({ ready, db_ok: dbOk, migrations_ok: migrationsOk, queue_ok: queueOk, draining });
    },
  );
  app.get('/metrics', { config: open, schema: { hide: true } }, async (_request, reply) =>
    reply.type(deps.registry.contentType).send(await deps.registry.metrics()),
  );
}
