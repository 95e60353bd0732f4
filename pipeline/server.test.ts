import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfigSchema } from '#pipeline/config.ts';
import { seedAccount } from '#pipeline/mono/seed.ts';
import { type Database, openDatabase } from '#pipeline/runtime/db.ts';
import { mintToken } from '#pipeline/runtime/token.ts';
import type { RunningSimulator } from '#pipeline/simulators/mono/start.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import { runScript, type Started, startScript } from '#pipeline/testing/processes.ts';
import { startSimulator, testEnv } from '#pipeline/testing/service.ts';

const file = 'pipeline/server.ts';
const banking = '/api/v1/si/banking/open-banking';

let postgres: TestDatabase;
let simulator: RunningSimulator;
let env: NodeJS.ProcessEnv;
let db: Database;
let accountId: string;
const servers: Started[] = [];

beforeAll(async () => {
  postgres = await startTestDatabase();
  simulator = await startSimulator();
}, 120_000);

afterAll(async () => {
  await simulator?.close();
  await postgres?.stop();
});

beforeEach(async () => {
  simulator.control.reset();
  env = { ...testEnv(await postgres.fresh(), simulator), PORT: '0' };
  db = openDatabase({
    url: env.DATABASE_URL ?? '',
    max: 2,
    acquireTimeoutMs: 10_000,
    applicationName: 'test',
    onIdleError: () => {},
  });
  accountId = randomUUID();
  await seedAccount(db, {
    accountId,
    connectionId: randomUUID(),
    siId: 'si-test',
    monoAccountId: 'acc_sandbox_123',
    providerAccountId: 'provider-1',
    accountNumber: '0123456789',
  });
});

afterEach(async () => {
  await db.close();
  for (const server of servers.splice(0)) {
    server.child.kill('SIGKILL');
    await server.finished;
  }
});

interface SyncAnswer {
  data: { inserted_count: number; duplicate_count: number };
  error: { code: string };
}

async function start(changes: NodeJS.ProcessEnv = {}) {
  const server = startScript(file, [], { ...env, ...changes });
  servers.push(server);
  const [, url = ''] = await server.printed(/"event":"service\.listening","address":"([^"]+)"/);
  await server.printed(/"event":"service\.ready"/);
  const headers = {
    authorization: `Bearer ${mintToken(env.JWT_SECRET_KEY ?? '', { sub: 'si-test', role: 'SYSTEM_INTEGRATOR' }, 60)}`,
    'content-type': 'application/json',
  };
  const sync = async (page_limit: number) => {
    const body = JSON.stringify({ sync_config: { account_db_id: accountId, mode: 'full', page_limit } });
    const response = await fetch(`${url}${banking}/transactions/sync`, { method: 'POST', headers, body });
    return { status: response.status, body: (await response.json()) as SyncAnswer };
  };
  return { ...server, url, sync };
}

async function one(sql: string) {
  const { rows } = await db.query(sql, [accountId]);
  return rows[0];
}

const stored = 'SELECT count(*)::int AS count FROM core_bank_transactions WHERE account_id = $1';
const cursor = 'SELECT cursor_at FROM bank_accounts WHERE id = $1';
const states =
  "SELECT string_agg(state, ' ' ORDER BY started_at) AS states FROM mono_sync_runs WHERE account_id = $1";
const rowsStored = () => expect.poll(() => one(stored), { timeout: 20_000 }).not.toEqual({ count: 0 });

/** Sixteen pages, each after a pause that is longer than any look at what was stored: a run that one can interrupt. */
const rowsOfPage = 20;
const slowly = () => simulator.control.addFault({ kind: 'latency', ms: 500 });

/** Each test starts one or two of them, which is most of its time. */
const processes = { timeout: 120_000 };

describe('the command', processes, () => {
  it('explains itself, and names every variable with its default', async () => {
    const { code, stdout } = await runScript(file, ['--help'], {});
    expect([code, stdout]).toEqual([0, expect.stringContaining('Usage: node pipeline/server.ts')]);
    for (const name of Object.keys(ConfigSchema.properties))
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(stdout).toMatch(/MONO_RATE_LIMIT_PER_MINUTE +integer 1 to 100000, default: 60\n/);
    expect(stdout).toMatch(/DATABASE_URL +URL \(postgres, postgresql\), secret, required\n/);
    expect(stdout).toMatch(/REDIS_URL +URL \(redis, rediss\), secret, default: none\n/);
  });

  it('refuses an argument that it does not know', async () => {
    const { code, stderr } = await runScript(file, ['--port', '80'], {});
    expect([code, stderr.trim().split('\n').length]).toEqual([2, 1]);
  });
});

describe('SIGTERM during a sync', processes, () => {
  it('lets it finish, answers it, and ends with 0', async () => {
    const server = await start();
    simulator.control.addFault({ kind: 'latency', ms: 500, calls: 2 });
    const running = server.sync(100);
    await server.printed(/"event":"mono\.fetch\.started"/);
    server.child.kill('SIGTERM');
    await server.printed(/"event":"service\.draining"/);
    expect((await running).body.data).toMatchObject({ inserted_count: 307 });
    expect(await server.finished).toMatchObject({ code: 0, stderr: '' });
    await expect(fetch(`${server.url}/health`)).rejects.toThrow();
    expect(await one(states)).toEqual({ states: 'completed' });
  });

  it('does not wait for a client that never finishes its request', async () => {
    const server = await start({ DRAIN_TIMEOUT_MS: '200' });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`POST ${banking}/mono/link HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{`);
    await fetch(`${server.url}/health`);
    server.child.kill('SIGTERM');
    expect((await server.finished).code).toBe(0);
    socket.destroy();
  });

  it('cuts it when it outlasts the drain, and the next run has every row', async () => {
    const server = await start({ DRAIN_TIMEOUT_MS: '200' });
    slowly();
    const running = server.sync(rowsOfPage);
    await rowsStored();
    server.child.kill('SIGTERM');
    expect((await running).status).toBe(503);
    expect((await server.finished).code).toBe(0);
    expect([await one(states), await one(cursor)]).toEqual([{ states: 'failed' }, { cursor_at: null }]);
    simulator.control.clearFaults();
    const { data } = (await (await start()).sync(100)).body;
    expect(data.inserted_count + data.duplicate_count).toBe(307);
    expect(data.inserted_count).toBeLessThan(307);
  });
});

describe('SIGKILL during a sync', processes, () => {
  async function killed(changes: NodeJS.ProcessEnv = {}): Promise<number> {
    const server = await start(changes);
    slowly();
    const lost = server.sync(rowsOfPage).catch(() => undefined);
    await rowsStored();
    server.child.kill('SIGKILL');
    await Promise.all([server.finished, lost]);
    simulator.control.clearFaults();
    expect([await one(states), await one(cursor)]).toEqual([{ states: 'running' }, { cursor_at: null }]);
    return (await one(stored))?.count;
  }

  it('keeps what was stored, and blocks the account for half a minute at most', async () => {
    const before = await killed();
    const other = await start({ INSTANCE_ID: 'another' });
    expect((await other.sync(100)).body.error.code).toBe('SYNC_IN_PROGRESS');
    expect(
      await one(
        "SELECT lease_until <= now() + interval '30 s' AS soon FROM mono_sync_runs WHERE account_id = $1",
      ),
    ).toEqual({ soon: true });
    await one('UPDATE mono_sync_runs SET lease_until = now() WHERE account_id = $1');
    const { data } = (await other.sync(100)).body;
    expect(data).toMatchObject({ inserted_count: 307 - before, duplicate_count: before, rejected_count: 0 });
    expect(await one(states)).toEqual({ states: 'abandoned completed' });
    expect(await one(cursor)).not.toEqual({ cursor_at: null });
  });

  it('blocks nothing once the same instance has started again', async () => {
    const before = await killed();
    const { data } = (await (await start()).sync(100)).body;
    expect(data).toMatchObject({ inserted_count: 307 - before, duplicate_count: before });
  });

  it('gives a job of the queue to another instance', async () => {
    const server = await start();
    slowly();
    await db.query(
      `INSERT INTO pgboss.job (name, data, heartbeat_seconds, retry_limit)
       VALUES ('mono-sync', $1, 30, 3)`,
      [{ accountId, window: { mode: 'full' }, pageLimit: rowsOfPage, trigger: 'webhook' }],
    );
    await rowsStored();
    server.child.kill('SIGKILL');
    await server.finished;
    simulator.control.clearFaults();
    // As if its last beats lay half a minute back.
    await db.query("UPDATE pgboss.job SET heartbeat_on = now() - interval '31 s' WHERE state = 'active'");
    await one('UPDATE mono_sync_runs SET lease_until = now() WHERE account_id = $1');
    const other = await start({ INSTANCE_ID: 'another' });
    await other.printed(/"event":"mono\.pipeline\.completed"/);
    expect(await one(stored)).toEqual({ count: 307 });
  });
});
