import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Writable } from 'node:stream';
import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify';
import { type App, buildApp } from '#pipeline/app.ts';
import { loadConfig } from '#pipeline/config.ts';
import { startTestDatabase } from '#pipeline/testing/postgres.ts';
import { testEnv } from '#pipeline/testing/service.ts';
import { startLoad } from './requests.ts';

/**
 * A route of the service against a bare INSERT: a route of the same Fastify with the same token check, body schema and
 * pool, that puts one row into a table without triggers. Slices of both take turns, so that whatever else the machine
 * does falls on both. PostgreSQL does not wait for the disk here, which favours the bare INSERT.
 */
export interface Comparison {
  name: string;
  path: string;
  /** Of the bare route: who may call it, and what it takes. */
  config: FastifyContextConfig;
  schema: FastifySchema;
  /** Its table, with an `id` and an `at`; the values follow from caller and body. */
  table: string;
  insert: string;
  valuesOf(caller: string, body: never): unknown[];
  env?: NodeJS.ProcessEnv;
  /** What the routes need; a token and a body for each caller. */
  prepare(app: App, env: NodeJS.ProcessEnv): Promise<{ token: string; body: string }[]>;
}

export const connections = 16;
const sliceMs = 250;
const rounds = 60;
const goal = 0.35;
const bare = '/bench/insert';

export async function compareWithInsert(comparison: Comparison): Promise<string[]> {
  const postgres = await startTestDatabase();
  const env = { ...testEnv(await postgres.fresh()), ...comparison.env };
  const app = await buildWithBareInsert(env, comparison);
  try {
    await app.started;
    await app.platform.db.query(comparison.table);
    const callers = await comparison.prepare(app, env);
    const url = await app.http.listen({ host: '127.0.0.1', port: 0 });
    const load = startLoad({ url, connections });
    try {
      const rate = (path: string, milliseconds = sliceMs) => load.rate({ path, callers, milliseconds });
      for (const path of [bare, comparison.path]) await rate(path, 2_000);
      const found: Pair[] = [];
      for (let round = 0; round < rounds; round += 1) {
        found.push({ bare: await rate(bare), whole: await rate(comparison.path) });
      }
      return report(comparison.name, callers.length, found);
    } finally {
      await load.stop();
    }
  } finally {
    await app.close();
    await postgres.stop();
  }
}

interface Pair {
  bare: number;
  whole: number;
}

function report(name: string, callers: number, found: readonly Pair[]): string[] {
  const mean = (side: keyof Pair) => found.reduce((sum, pair) => sum + pair[side], 0) / found.length;
  const ratios = found.map((pair) => pair.whole / pair.bare).sort((a, b) => a - b);
  const at = (share: number) => (ratios[Math.round(share * (ratios.length - 1))] ?? 0).toFixed(2);
  return [
    `${name} against a bare INSERT, ${connections} connections, ${callers} callers, ${rounds} slices of ${sliceMs} ms each in turn`,
    `  bare INSERT ${mean('bare').toFixed(0)}/s, ${name} ${mean('whole').toFixed(0)}/s`,
    `  ratio ${(mean('whole') / mean('bare')).toFixed(2)} over all, ${at(0.25)} to ${at(0.75)} in the middle half of the rounds; goal ${goal}`,
  ];
}

/** The route is there before the service's own hooks are, so all of them run for it, too. */
async function buildWithBareInsert(env: NodeJS.ProcessEnv, comparison: Comparison): Promise<App> {
  const quiet = new Writable({ write: (_chunk, _encoding, done) => done() });
  let app: App | undefined;
  const { config, schema, insert, valuesOf } = comparison;
  const added = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.post(bare, { config, schema }, async (request, reply) => {
      const values = valuesOf(request.user.sub, request.body as never);
      const found = await app?.platform.db.query(insert, values);
      return reply.code(201).send(found?.rows[0]);
    });
  };
  subscribe('fastify.initialization', added);
  try {
    app = await buildApp({ config: loadConfig(env), env, logDestination: quiet });
    return app;
  } finally {
    unsubscribe('fastify.initialization', added);
  }
}
