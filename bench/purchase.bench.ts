import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Writable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { type App, buildApp } from '#pipeline/app.ts';
import { loadConfig } from '#pipeline/config.ts';
import { mintToken } from '#pipeline/runtime/token.ts';
import { startTestDatabase } from '#pipeline/testing/postgres.ts';
import { testEnv } from '#pipeline/testing/service.ts';
import { startLoad } from './load/requests.ts';

/**
 * Purchases a second against a bare INSERT a second: a route of the same Fastify with the same token check, body
 * schema and pool, that puts one row into a table without triggers. Slices of both take turns, so that whatever else
 * the machine does falls on both. PostgreSQL does not wait for the disk here, which favours the bare INSERT.
 */
const members = 64;
const connections = 16;
const sliceMs = 250;
const rounds = 60;
const goal = 0.35;

const bare = '/bench/insert';
const purchase = '/api/shop/purchase/';

export async function bench(): Promise<string[]> {
  const postgres = await startTestDatabase();
  const env = testEnv(await postgres.fresh());
  const app = await buildWithBareInsert(env);
  try {
    await app.started;
    const { item, ids } = await prepare(app);
    const tokens = ids.map((sub) => mintToken(env.JWT_SECRET_KEY ?? '', { sub, role: 'MEMBER' }, 3_600));
    const url = await app.http.listen({ host: '127.0.0.1', port: 0 });
    const load = startLoad({ url, connections });
    try {
      const body = JSON.stringify({ item_id: item, quantity: 1 });
      const rate = (path: string, milliseconds = sliceMs) => load.rate({ path, body, tokens, milliseconds });
      for (const path of [bare, purchase]) await rate(path, 2_000);
      const found: { bare: number; purchase: number }[] = [];
      for (let round = 0; round < rounds; round += 1) {
        found.push({ bare: await rate(bare), purchase: await rate(purchase) });
      }
      return report(found);
    } finally {
      await load.stop();
    }
  } finally {
    await app.close();
    await postgres.stop();
  }
}

function report(found: readonly { bare: number; purchase: number }[]): string[] {
  const mean = (side: 'bare' | 'purchase') => found.reduce((sum, pair) => sum + pair[side], 0) / found.length;
  const ratios = found.map((pair) => pair.purchase / pair.bare).sort((a, b) => a - b);
  const at = (share: number) => (ratios[Math.round(share * (ratios.length - 1))] ?? 0).toFixed(2);
  return [
    `purchase against a bare INSERT, ${connections} connections, ${members} members, ${rounds} slices of ${sliceMs} ms each in turn`,
    `  bare INSERT ${mean('bare').toFixed(0)}/s, purchase ${mean('purchase').toFixed(0)}/s`,
    `  ratio ${(mean('purchase') / mean('bare')).toFixed(2)} over all, ${at(0.25)} to ${at(0.75)} in the middle half of the rounds; goal ${goal}`,
  ];
}

/** The route is there before the service's own hooks are, so all of them run for it, too. */
async function buildWithBareInsert(env: NodeJS.ProcessEnv): Promise<App> {
  const quiet = new Writable({ write: (_chunk, _encoding, done) => done() });
  let app: App | undefined;
  const added = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance };
    const schema = {
      body: {
        type: 'object',
        properties: { item_id: { type: 'integer', minimum: 1 }, quantity: { type: 'integer', minimum: 1 } },
        required: ['item_id'],
      },
    };
    fastify.post(bare, { config: { auth: 'MEMBER' }, schema }, async (request, reply) => {
      const { item_id: item, quantity } = request.body as { item_id: number; quantity: number };
      const values = [request.user.sub, item, quantity, randomUUID()];
      const found = await app?.platform.db.query(
        'INSERT INTO bench_rows (user_id, item_id, quantity, key) VALUES ($1, $2, $3, $4) RETURNING id, at',
        values,
      );
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

/** Members who cannot run out of coins, an item, and the table of the bare INSERT. */
async function prepare({ platform: { db } }: App): Promise<{ item: number; ids: string[] }> {
  await db.query(
    `CREATE TABLE bench_rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id uuid NOT NULL,
       item_id integer NOT NULL, quantity integer NOT NULL, key text NOT NULL, at timestamptz NOT NULL DEFAULT now())`,
  );
  const { rows: users } = await db.query<{ id: string }>(
    `INSERT INTO platform_users (username, password_hash)
     SELECT 'bench-' || n, 'scrypt$none' FROM generate_series(1, $1::int) n RETURNING id`,
    [members],
  );
  await db.query('INSERT INTO economy_wallets (user_id) SELECT id FROM platform_users');
  await db.query(
    `INSERT INTO economy_transactions (wallet_id, amount, reason, idempotency_key)
     SELECT id, 1000000000000, 'coins of the bench', 'bench' FROM economy_wallets`,
  );
  const { rows: items } = await db.query<{ id: number }>(
    "INSERT INTO shop_items (sku, name, price) VALUES ('BENCH', 'Bench', 50) RETURNING id",
  );
  return { item: items[0]?.id ?? 0, ids: users.map(({ id }) => id) };
}
