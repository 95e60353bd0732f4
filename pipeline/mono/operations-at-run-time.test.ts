import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningSimulator } from '#pipeline/simulators/mono/start.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import {
  linkAccount,
  startService,
  startSimulator,
  type TestAccount,
  type TestService,
  testEnv,
} from '#pipeline/testing/service.ts';

const syncPath = '/api/v1/si/banking/open-banking/transactions/sync';

let postgres: TestDatabase;
let simulator: RunningSimulator;
let service: TestService;
let account: TestAccount;
let databaseUrl: string;

beforeAll(async () => {
  postgres = await startTestDatabase();
}, 120_000);

afterAll(() => postgres?.stop());

beforeEach(async () => {
  simulator = await startSimulator();
  databaseUrl = await postgres.fresh();
  service = await startService(testEnv(databaseUrl, simulator));
  await service.app.started;
  account = await linkAccount(service, 'acc_sandbox_123');
});

afterEach(async () => {
  await service?.close();
  await simulator?.close();
});

const sync = (config: Record<string, unknown> = {}, accountId = account.accountId) =>
  service.call('POST', syncPath, {
    body: { sync_config: { account_db_id: accountId, mode: 'full', page_limit: 50, ...config } },
  });

async function one<T>(sql: string, values: unknown[] = [account.accountId]): Promise<T> {
  const { rows } = await service.app.platform.db.query(sql, values);
  return rows[0] as T;
}

const eventsOf = (name: string) => service.lines.filter(({ event }) => event === name);

describe('M10: the flag', () => {
  const setFlag = (value: boolean | null, instance = '*') =>
    service.call('PUT', '/api/v1/admin/flags', {
      role: 'ADMIN',
      body: { flag: 'MONO_TRANSACTIONS_ENABLED', value, instance, reason: 'test' },
    });

  it('off: a deferred response with guidance, and no request to the provider', async () => {
    await setFlag(false);
    const { status, body } = await sync();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      operation: 'sync_banking_transactions',
      success: true,
      si_id: 'si-test',
      data: {
        sync_started: false,
        feature_enabled: false,
        credentials_configured: true,
        fetched_count: 0,
        message: 'Mono transactions disabled – set MONO_TRANSACTIONS_ENABLED=true to enable pipeline',
      },
    });
    expect(simulator.control.stats().requests).toEqual({});
    await setFlag(null);
    expect((await sync()).body.data.sync_started).toBe(true);
  });

  it('off: takes no sync job from the queue; on again: the job that waited runs', async () => {
    const { enqueueSync } = await import('./jobs.ts');
    await setFlag(false);
    await service.logged((line) => line.event === 'jobs.sync' && line.taking === false);
    await enqueueSync(service.app.queue, {
      accountId: account.accountId,
      window: { mode: 'full' },
      pageLimit: 100,
      trigger: 'webhook',
    });
    expect(await service.app.queue.stats()).toContainEqual(
      expect.objectContaining({ queue: 'mono-sync', state: 'created', depth: 1 }),
    );
    expect(eventsOf('mono.fetch.started')).toHaveLength(0);
    await setFlag(true);
    await service.logged(({ event }) => event === 'mono.pipeline.completed');
    expect(simulator.control.stats().requests).toHaveProperty('transactions 200');
  });

  it('holds for one instance when it names one, shows the drift and keeps an audit row', async () => {
    const own = service.app.platform.flags;
    await setFlag(false, 'another-instance');
    expect(await own.enabled('MONO_TRANSACTIONS_ENABLED')).toBe(true);
    await setFlag(false);
    expect(await own.enabled('MONO_TRANSACTIONS_ENABLED')).toBe(false);
    const { body } = await service.call('GET', '/api/v1/admin/flags', { role: 'ADMIN' });
    const flag = body.data.flags[0];
    expect(flag).toMatchObject({ declared: true, running: false, source: 'override-all', drift: true });
    expect(flag.overrides).toHaveLength(2);
    const text = await service.metrics();
    expect(text).toContain('taxpoynt_feature_flag{flag="MONO_TRANSACTIONS_ENABLED"} 0');
    expect(text).toContain('taxpoynt_feature_flag_declared{flag="MONO_TRANSACTIONS_ENABLED"} 1');
    expect(await one('SELECT count(*)::int AS count FROM flag_audit', [])).toEqual({ count: 2 });
  });

  it('is a canary: only the instance whose flag is on takes the job', async () => {
    const { enqueueSync } = await import('./jobs.ts');
    const env = testEnv(databaseUrl, simulator);
    const canary = await startService(env);
    await canary.app.started;
    await setFlag(false);
    await setFlag(true, env.INSTANCE_ID);
    await service.logged((line) => line.event === 'jobs.sync' && line.taking === false);
    const { accountId } = account;
    await enqueueSync(service.app.queue, {
      accountId,
      window: { mode: 'full' },
      pageLimit: 100,
      trigger: 'webhook',
    });
    await canary.logged(({ event }) => event === 'mono.pipeline.completed');
    expect(eventsOf('mono.fetch.started')).toHaveLength(0);
    const { body } = await service.call('GET', '/api/v1/admin/flags', { role: 'ADMIN' });
    expect(body.data.flags[0].instances.map(({ running }: { running: boolean }) => running).sort()).toEqual([
      false,
      true,
    ]);
    await canary.close();
  });

  it('M5: the back-off factor is a run-time override, within bounds', async () => {
    const put = (value: unknown) =>
      service.call('PUT', '/api/v1/admin/flags', {
        role: 'ADMIN',
        body: { flag: 'MONO_BACKOFF_FACTOR', value },
      });
    expect((await put(4)).status).toBe(200);
    expect(service.app.platform.flags.number('MONO_BACKOFF_FACTOR')).toBe(4);
    expect((await put(0)).status).toBe(400);
    expect((await put(true)).status).toBe(400);
  });
});

it('M2, M9: waiting for the rate limit is in its own histogram, not in the time of the stage', async () => {
  const limited = await startService({
    ...testEnv(databaseUrl, simulator),
    MONO_APP_ID: 'app_limited',
    MONO_RATE_LIMIT_PER_MINUTE: '1',
  });
  await limited.app.started;
  await limited.app.platform.db.query(
    "INSERT INTO rate_limit_seconds VALUES ('mono:app_limited', floor(extract(epoch FROM now()))::bigint - 58, 1)",
  );
  await limited.call('POST', syncPath, {
    body: { sync_config: { account_db_id: account.accountId, mode: 'full', page_limit: 500 } },
  });
  const text = await limited.metrics();
  const value = (start: string) => {
    const line = text.split('\n').find((candidate) => candidate.startsWith(start));
    return Number(line?.split(' ').at(-1));
  };
  const waited = value('taxpoynt_mono_rate_limit_wait_seconds_sum{');
  const fetched = value('taxpoynt_mono_pipeline_stage_seconds_sum{provider="mono",stage="sync"');
  expect(waited).toBeGreaterThan(1);
  expect(fetched).toBeLessThan(waited);
  await limited.close();
});

describe('M5: after a crash', () => {
  it('an instance that starts again ends what it left running, and syncs', async () => {
    const { db } = service.app.platform;
    await db.query(
      `INSERT INTO mono_sync_runs (id, account_id, trigger, page_limit, instance_id, lease_until)
       VALUES (gen_random_uuid(), $1, 'manual', 50, 'crashed', now() + interval '5 min')`,
      [account.accountId],
    );
    expect((await sync()).status).toBe(409);
    const again = await startService({ ...testEnv(databaseUrl, simulator), INSTANCE_ID: 'crashed' });
    await again.app.started;
    expect((await sync()).status).toBe(200);
    await again.close();
  });

  it('a run whose lease ran out counts as gone, wherever it was', async () => {
    await service.app.platform.db.query(
      `INSERT INTO mono_sync_runs (id, account_id, trigger, page_limit, instance_id, lease_until)
       VALUES (gen_random_uuid(), $1, 'manual', 50, 'elsewhere', now() - interval '1 s')`,
      [account.accountId],
    );
    expect((await sync()).status).toBe(200);
  });
});

describe('M13: dead letters', () => {
  const base = '/api/v1/admin/dead-letters';
  const admin = (method: 'GET' | 'POST' | 'DELETE', url: string) =>
    service.call(method, url, { role: 'ADMIN' });

  it('are listed, inspected and tried again with the window of the failed run', async () => {
    simulator.control.addFault({ kind: 'server_error', calls: 2 });
    await sync();
    await sync();
    const { body } = await admin('GET', base);
    expect(body.data.dead_letters).toHaveLength(1);
    const [letter] = body.data.dead_letters;
    expect(letter).toMatchObject({
      topic: 'mono.fetch.failed',
      operation: 'mono.fetch_transactions',
      attempts: 2,
      reason: 'MonoUpstreamError',
      payload: { account_id: account.accountId, window: { mode: 'full' }, page_limit: 50 },
    });
    expect((await admin('GET', `${base}/${letter.id}`)).body.data.id).toBe(letter.id);
    expect((await admin('POST', `${base}/${letter.id}/retry`)).status).toBe(200);
    await service.logged(({ event }) => event === 'mono.pipeline.completed');
    expect((await admin('POST', `${base}/${letter.id}/retry`)).status).toBe(409);
    expect((await admin('GET', base)).body.data.dead_letters).toEqual([]);
  });

  it('are cleared by topic only', async () => {
    simulator.control.addFault({ kind: 'server_error', calls: 1 });
    await sync();
    expect((await admin('DELETE', base)).status).toBe(400);
    expect((await admin('DELETE', `${base}?topic=other.*`)).body.data.cleared).toBe(0);
    expect((await admin('DELETE', `${base}?topic=mono.fetch.*`)).body.data.cleared).toBe(1);
  });
});
