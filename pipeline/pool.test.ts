import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import { startService, type TestService, testEnv } from '#pipeline/testing/service.ts';

let postgres: TestDatabase;
let service: TestService;

beforeAll(async () => {
  postgres = await startTestDatabase();
  service = await startService({
    ...testEnv(await postgres.fresh()),
    DB_POOL_MAX: '2',
    DB_POOL_MAX_WAITING: '3',
    DB_ACQUIRE_TIMEOUT_MS: '200',
    // Nothing of the service itself takes a place while a test counts them.
    DOMAINS: 'mono',
    FLAG_POLL_INTERVAL_MS: '60000',
    GIT_SHA: '0123abc',
  });
  await service.app.started;
}, 120_000);

afterAll(async () => {
  await service?.close();
  await postgres?.stop();
});

const openBanking = '/api/v1/si/banking/open-banking';
const db = () => service.app.platform.db;

/** Both connections, each by a slow statement, until what it gives is called. */
async function holdBoth(): Promise<() => Promise<void>> {
  const { probe } = service.app.platform;
  const held = [1, 2].map(() =>
    db()
      .query('SELECT pg_sleep(30)')
      .catch(() => {}),
  );
  const sleeping = `FROM pg_stat_activity WHERE datname = current_database() AND query = 'SELECT pg_sleep(30)'
    AND state = 'active'`;
  await expect.poll(async () => (await probe.query(`SELECT 1 ${sleeping}`)).rowCount).toBe(2);
  return async () => {
    await probe.query(`SELECT pg_cancel_backend(pid) ${sleeping}`);
    await Promise.all(held);
  };
}

const metric = async (name: string): Promise<number> => {
  const line = (await service.metrics()).split('\n').find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length));
};

describe('N9: a pool that has no connection to give', () => {
  it('refuses with 503 and Retry-After: at once past the queue, and in its time within it', async () => {
    const release = await holdBoth();
    const refused = async () => {
      const [full, timeout] = await Promise.all(
        ['full', 'timeout'].map((reason) => metric(`db_pool_refusals_total{reason="${reason}"}`)),
      );
      return { full: full ?? 0, timeout: timeout ?? 0 };
    };
    const before = await refused();
    const answers = await Promise.all(Array.from({ length: 20 }, () => service.call('GET', openBanking)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(answers.map(({ headers }) => Number(headers['retry-after']))).toEqual(Array(20).fill(5));
    expect(answers[0]?.body.error.code).toBe('BUSY');
    // The service asks for a connection now and then itself, and is refused like anybody.
    const after = await refused();
    expect(after.full - before.full).toBeGreaterThanOrEqual(15);
    expect(after.timeout - before.timeout).toBeGreaterThanOrEqual(1);
    expect(after.full - before.full + after.timeout - before.timeout).toBeGreaterThanOrEqual(20);
    await release();
  });

  it('leaves health, readiness and metrics answering, and shows who waits', async () => {
    const release = await holdBoth();
    const waiting = db().within(60_000).query('SELECT 1');
    const [health, ready, metrics] = await Promise.all(
      ['/healthz', '/readyz', '/metrics'].map((url) => service.call('GET', url, { role: null })),
    );
    expect(health?.body).toMatchObject({ ok: true, db_ok: true, git_sha: '0123abc' });
    expect([ready?.status, ready?.body.ready]).toEqual([200, true]);
    expect(metrics?.body).toContain('db_pool_connections{state="busy"} 2');
    expect(metrics?.body).toMatch(/db_pool_connections\{state="waiting"\} [1-3]$/m);
    expect(metrics?.body).toMatch(/job_queue_depth\{queue=/);
    await release();
    await waiting;
  });

  it('serves again by itself when the connections come back, and counts what was waited', async () => {
    const release = await holdBoth();
    const counted = await metric('db_pool_wait_seconds_count');
    const waiting = db().within(60_000).query('SELECT 1');
    expect((await service.call('GET', openBanking)).status).toBe(503);
    await release();
    await waiting;
    for (const url of Array(4).fill(openBanking)) expect((await service.call('GET', url)).status).toBe(200);
    expect(await metric('db_pool_wait_seconds_count')).toBeGreaterThanOrEqual(counted + 5);
  });

  it('gives up connections that were cut in the middle of a transaction, and makes new ones', async () => {
    const { probe } = service.app.platform;
    const cut = [1, 2].map(() =>
      db().transaction(async (tx) => {
        const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await probe.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
        await tx.query('SELECT 1');
      }),
    );
    expect((await Promise.allSettled(cut)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await service.call('GET', openBanking)).status).toBe(200);
  });

  it('answers with db_ok false when the database is away', async () => {
    const away = await startService({ ...testEnv('postgres://nobody@127.0.0.1:1/none') });
    const unhealthy = { db_ok: false, db_error: 'unavailable' };
    expect((await away.call('GET', '/healthz', { role: null })).body).toMatchObject({
      ok: true,
      ...unhealthy,
    });
    const unready = await away.call('GET', '/readyz', { role: null });
    expect([unready.status, unready.body]).toMatchObject([503, { ready: false, ...unhealthy }]);
    const refused = await away.call('GET', openBanking);
    expect([refused.status, refused.body.error.code]).toEqual([503, 'BUSY']);
    expect((await away.call('GET', '/metrics', { role: null })).status).toBe(200);
    await away.close();
  });
});
