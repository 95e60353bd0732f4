import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import pg from 'pg';
import { choosePorts } from '../stack/ports.ts';
import { postgresPart } from '../stack/postgres.ts';
import { Processes } from '../stack/processes.ts';

export interface TestPostgres {
  /** Of the only database, as its owner. */
  url: string;
  /** Runs statements as the owner, to prepare what is measured. */
  run(sql: string): Promise<void>;
  stop(): Promise<void>;
}

/** A real PostgreSQL: a database on the server of TEST_DATABASE_URL, else a server as the local stack starts one. */
export function startPostgres(): Promise<TestPostgres> {
  const given = env['TEST_DATABASE_URL'];
  return given ? onServer(given) : ownServer();
}

async function onServer(server: string): Promise<TestPostgres> {
  const name = `t_${randomBytes(8).toString('hex')}`;
  // A role of its own: a test may change its settings, and others use this server at the same time.
  await runAsOwner(server, `CREATE ROLE ${name} SUPERUSER LOGIN PASSWORD 'test-password'`);
  await runAsOwner(server, `CREATE DATABASE ${name} OWNER ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  url.username = name;
  url.password = 'test-password';
  return {
    url: url.href,
    run: (sql) => runAsOwner(url.href, sql),
    async stop() {
      await runAsOwner(server, `DROP DATABASE ${name} WITH (FORCE)`);
      await runAsOwner(server, `DROP ROLE ${name}`);
    },
  };
}

async function ownServer(): Promise<TestPostgres> {
  const work = await mkdtemp(join(tmpdir(), 'countersign-test-postgres-'));
  await chmod(work, 0o755);
  const logs = join(work, 'logs');
  await mkdir(logs);
  const processes = new Processes(logs);
  const { postgres: port = 0 } = await choosePorts(['postgres']);
  const url = `postgres://tester:test-password@127.0.0.1:${port}/measured`;
  const stop = async () => {
    await processes.end();
    await rm(work, { recursive: true, force: true });
  };
  try {
    await postgresPart('measured').start({
      root: process.cwd(),
      work,
      env,
      values: { dir: work, ports: { postgres: port }, secrets: { DATABASE_URL: url } },
      resolved: undefined as never,
      processes,
      rehearse: 1,
      signal: new AbortController().signal,
      say: () => {},
    });
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { url, stop, run: (sql) => runAsOwner(url, sql) };
}

async function runAsOwner(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
