import type { Registry } from '@prometheus-io/client';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Database } from './db.ts';
import { readMigrations } from './migrations.ts';
import type { JobQueue } from './queue.ts';

const OrNull = Type.Union([Type.String(), Type.Null()]);
const State = {
  version: Type.String(),
  git_sha: OrNull,
  db_ok: Type.Boolean(),
  /** One word: what a database says of its failure is for the log. */
  db_error: Type.Union([Type.Literal('unavailable'), Type.Null()]),
};
const Health = Type.Object({ ok: Type.Boolean(), ...State });
const Readiness = Type.Object({
  ready: Type.Boolean(),
  ...State,
  migrations_ok: Type.Boolean(),
  migration_revision: OrNull,
  queue_ok: Type.Boolean(),
  draining: Type.Boolean(),
});

export interface HealthDeps {
  /** A connection of its own, so that the answer does not wait for one of the pool. */
  probe: Database;
  queue: JobQueue;
  registry: Registry;
  version: string;
  gitSha: string;
  isDraining(): boolean;
}

const open = { auth: 'public', shed: false } as const;

export function registerHealth(app: FastifyInstance, deps: HealthDeps): void {
  const isDatabaseUp = () =>
    deps.probe.query('SELECT 1').then(
      () => true,
      () => false,
    );
  const stateOf = (dbOk: boolean) => ({
    version: deps.version,
    git_sha: deps.gitSha || null,
    db_ok: dbOk,
    db_error: dbOk ? null : ('unavailable' as const),
  });
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
    ...stateOf(await isDatabaseUp()),
  }));
  app.get(
    '/readyz',
    { config: open, schema: { response: { 200: Readiness, 503: Readiness } } },
    async (_request, reply) => {
      const dbOk = await isDatabaseUp();
      const nothing = { upToDate: false, revision: null };
      const migrations = dbOk ? await readMigrations(deps.probe).catch(() => nothing) : nothing;
      const queueOk = deps.queue.isRunning();
      const draining = deps.isDraining();
      const ready = dbOk && migrations.upToDate && queueOk && !draining;
      return reply.code(ready ? 200 : 503).send({
        ready,
        ...stateOf(dbOk),
        migrations_ok: migrations.upToDate,
        migration_revision: migrations.revision,
        queue_ok: queueOk,
        draining,
      });
    },
  );
  app.get('/metrics', { config: open, schema: { hide: true } }, async (_request, reply) =>
    reply.type(deps.registry.contentType).send(await deps.registry.metrics()),
  );
}
