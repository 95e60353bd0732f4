import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningSimulator } from '#pipeline/simulators/mono/start.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import { startTestRedis, type TestRedis } from '#pipeline/testing/redis.ts';
import {
  linkAccount,
  startService,
  startSimulator,
  type TestService,
  testEnv,
} from '#pipeline/testing/service.ts';

const syncPath = '/api/v1/si/banking/open-banking/transactions/sync';

let postgres: TestDatabase;
let redis: TestRedis;
let simulator: RunningSimulator;

beforeAll(async () => {
  [postgres, redis, simulator] = await Promise.all([startTestDatabase(), startTestRedis(), startSimulator()]);
}, 120_000);

afterAll(async () => {
  await simulator?.close();
  await redis?.stop();
  await postgres?.stop();
});

async function serviceWith(changes: NodeJS.ProcessEnv) {
  const service = await startService({ ...testEnv(await postgres.fresh(), simulator), ...changes });
  await service.app.started;
  const { accountId } = await linkAccount(service, 'acc_sandbox_123');
  const sync_config = { account_db_id: accountId, mode: 'full', page_limit: 100 };
  return { service, sync: () => service.call('POST', syncPath, { body: { sync_config } }) };
}

async function rateLimitStoreOf(service: TestService): Promise<string> {
  const { body } = await service.call('GET', '/api/v1/admin/settings', { role: 'ADMIN' });
  expect(JSON.stringify(body)).not.toContain(redis.url);
  return body.data.rate_limit_store;
}

describe('M1: REDIS_URL', () => {
  it('unset: turns are counted in PostgreSQL', async () => {
    const { service } = await serviceWith({});
    expect(await rateLimitStoreOf(service)).toBe('postgresql');
    await service.close();
  });

  it('set: turns are counted in Redis, and no connection outlives the drain', async () => {
    const watcher = await createClient({ url: redis.url }).connect();
    const { service, sync } = await serviceWith({ REDIS_URL: redis.url });
    expect(await rateLimitStoreOf(service)).toBe('redis');
    const { body } = await sync();
    expect(body.data.inserted_count).toBe(307);
    expect(await watcher.lLen('rate:mono:app_test')).toBe(body.data.pages + 1);
    const { rows } = await service.app.platform.db.query('SELECT 1 FROM rate_limit_seconds');
    expect(rows).toEqual([]);
    await service.close();
    expect(await watcher.clientList()).toHaveLength(1);
    watcher.destroy();
  });

  it('set, but away: a sync is refused for now, the provider is not asked, and the rest goes on', async () => {
    simulator.control.reset();
    const { service, sync } = await serviceWith({ REDIS_URL: 'redis://:a-password@127.0.0.1:1' });
    const refused = await sync();
    expect([refused.status, refused.body.error.code]).toEqual([503, 'BUSY']);
    expect(refused.headers['retry-after']).toBe('5');
    expect(simulator.control.stats().requests).toEqual({});
    expect((await service.call('GET', '/readyz', { role: null })).status).toBe(200);
    expect(service.lines.filter(({ event }) => event === 'redis.lost')).toHaveLength(1);
    expect(JSON.stringify(service.lines)).not.toContain('a-password');
    await service.close();
  });
});

describe.each(['postgresql', 'redis'])('M2: two instances that count in %s', (store) => {
  it('ask the provider no more often than one would', async () => {
    simulator.control.reset();
    const shared = {
      ...testEnv(await postgres.fresh(), simulator),
      MONO_APP_ID: `app_${store}`,
      MONO_RATE_LIMIT_PER_MINUTE: '5',
      DRAIN_TIMEOUT_MS: '300',
      ...(store === 'redis' && { REDIS_URL: redis.url }),
    };
    const services = await Promise.all(
      ['one', 'two'].map((INSTANCE_ID) => startService({ ...shared, INSTANCE_ID })),
    );
    const running = [];
    for (const service of services) {
      await service.app.started;
      const { accountId } = await linkAccount(service, 'acc_sandbox_123');
      const sync_config = { account_db_id: accountId, mode: 'full', page_limit: 50 };
      running.push(service.call('POST', syncPath, { body: { sync_config } }));
    }
    const asked = () => simulator.control.stats().requests['transactions 200'];
    await expect.poll(asked).toBe(5);
    await Promise.all(services.map((service) => service.close()));
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([503, 503]);
    expect(asked()).toBe(5);
  });
});
