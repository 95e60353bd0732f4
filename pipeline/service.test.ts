import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { migrate } from '#pipeline/runtime/migrations.ts';
import type { RunningSimulator } from '#pipeline/simulators/mono/start.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import {
  linkAccount,
  startService,
  startSimulator,
  type TestService,
  testEnv,
} from '#pipeline/testing/service.ts';

const banking = '/api/v1/si/banking/open-banking';

let postgres: TestDatabase;
let simulator: RunningSimulator;
let service: TestService;

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
  service = await startService(testEnv(await postgres.fresh(), simulator));
  await service.app.started;
});

afterEach(() => service?.close());

describe('health', () => {
  it('is ready with a database, a migrated schema and a queue', async () => {
    const { status, body } = await service.call('GET', '/readyz', { role: null });
    const state = { version: expect.any(String), git_sha: null, db_ok: true, db_error: null };
    const migrations = { migrations_ok: true, migration_revision: expect.stringMatching(/^\d{4}_/) };
    const whole = { ready: true, ...state, ...migrations, queue_ok: true, draining: false };
    expect([status, body]).toEqual([200, whole]);
    expect((await service.call('GET', '/healthz', { role: null })).body).toEqual({ ok: true, ...state });
    expect((await service.call('GET', '/health', { role: null })).body.status).toBe('ok');
  });

  it('starts before the migrations, says that it is not ready, and gets ready when they come', async () => {
    const url = await postgres.fresh({ migrated: false });
    const early = await startService(testEnv(url, simulator));
    const before = await early.call('GET', '/readyz', { role: null });
    expect([before.status, before.body]).toMatchObject([503, { db_ok: true, migrations_ok: false }]);
    await migrate(url, () => {});
    await early.logged(({ event }) => event === 'service.ready');
    expect((await early.call('GET', '/readyz', { role: null })).status).toBe(200);
    await early.close();
  });

  it('gives a request id back if it is short and plain, else one of its own', async () => {
    const idOf = async (id: string) =>
      (await service.call('GET', '/health', { role: null, headers: { 'x-request-id': id } })).headers[
        'x-request-id'
      ];
    expect(await idOf('trace-1')).toBe('trace-1');
    expect(await idOf('"}{"level":"error"')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf('x'.repeat(65))).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('counts requests under the route template, and unknown paths under unmatched', async () => {
    await service.call('GET', '/healthz', { role: null });
    await service.call('GET', '/no/such/path/0123456789', { role: null });
    const { body } = await service.call('GET', '/metrics', { role: null });
    expect(body).toContain('http_requests_total{method="GET",route="/healthz",status="200"} 1');
    expect(body).toContain('http_requests_total{method="GET",route="unmatched",status="404"} 1');
    expect(body).not.toContain('0123456789');
  });
});

describe('M12: SI endpoints', () => {
  it('refuses without a token with 401, and with another role with 403', async () => {
    expect((await service.call('GET', banking, { role: null })).status).toBe(401);
    expect((await service.call('GET', banking, { role: 'ADMIN' })).status).toBe(403);
    expect((await service.call('GET', '/api/v1/admin/settings')).status).toBe(403);
    const forged = { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4Iiwicm9sZSI6IkFETUlOIn0.' };
    expect((await service.call('GET', banking, { role: null, headers: forged })).status).toBe(401);
  });

  it('lists the connections of the integrator that asks, with masked numbers', async () => {
    const mine = await linkAccount(service, 'acc_sandbox_123');
    await linkAccount(service, 'acc_sandbox_123', 'si-other');
    const { status, body } = await service.call('GET', banking);
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: true, api_version: 'v1', meta: { count: 1 } });
    expect(body.data.connections[0]).toMatchObject({
      connection_id: mine.connectionId,
      accounts: [{ account_id: mine.accountId, masked_account_number: '******6789' }],
    });
  });

  it('knows no account of another integrator', async () => {
    const other = await linkAccount(service, 'acc_sandbox_123', 'si-other');
    const body = { sync_config: { account_db_id: other.accountId } };
    expect((await service.call('POST', `${banking}/transactions/sync`, { body })).status).toBe(404);
  });

  it('starts a link and finishes it with the code, storing the number masked', async () => {
    const link = await service.call('POST', `${banking}/mono/link`, {
      body: {
        customer: { name: 'Ada', email: 'ada@example.com' },
        scope: 'auth',
        redirect_url: 'https://example.com/back',
        meta: { ref: 'reference-0001' },
      },
    });
    expect([link.status, link.body.data]).toMatchObject([
      201,
      { reference: 'reference-0001', status: 'pending', si_id: 'si-test', mono_url: expect.any(String) },
    ]);
    const code = simulator.control.issueCode('acc_sandbox_123');
    const callback = await service.call('POST', `${banking}/mono/callback`, {
      body: { code, reference: 'reference-0001' },
    });
    expect([callback.status, callback.body.data]).toMatchObject([
      200,
      { status: 'active', connection_id: link.body.data.session_id },
    ]);
    const { rows } = await service.app.platform.db.query(
      'SELECT masked_account_number FROM bank_accounts WHERE id = $1',
      [callback.body.data.account_id],
    );
    expect(rows).toEqual([{ masked_account_number: '******6789' }]);
  });

  it('repeats the answer to a request that is sent again with its idempotency key', async () => {
    const { accountId } = await linkAccount(service, 'acc_sandbox_123');
    const send = (page_limit: number, key = 'key-1') =>
      service.call('POST', `${banking}/transactions/sync`, {
        body: { sync_config: { account_db_id: accountId, page_limit } },
        headers: { 'x-idempotency-key': key },
      });
    const first = await send(100);
    const again = await send(100);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect([first, again].map(({ headers }) => headers['idempotency-replayed'])).toEqual([undefined, 'true']);
    expect((await send(50)).status).toBe(409);
    expect((await send(100, 'key-2')).body.data).toMatchObject({ inserted_count: 0 });
    expect((await send(100, 'with a space')).status).toBe(400);
  });

  it('keeps an account that is linked again as the account that it was', async () => {
    const known = await linkAccount(service, 'acc_sandbox_123');
    const code = simulator.control.issueCode('acc_sandbox_123');
    const { body } = await service.call('POST', `${banking}/mono/callback`, { body: { code } });
    expect(body.data).toMatchObject({
      account_id: known.accountId,
      connection_id: known.connectionId,
      status: 'active',
    });
    const other = simulator.control.issueCode('acc_sandbox_tiny');
    const added = await service.call('POST', `${banking}/mono/callback`, { body: { code: other } });
    expect(added.body.data.connection_id).not.toBe(known.connectionId);
  });

  it('says which fields of a link are missing, and passes a failure of the provider on as 502', async () => {
    const incomplete = await service.call('POST', `${banking}/mono/link`, { body: {} });
    expect([incomplete.status, incomplete.body.error.message]).toEqual([
      400,
      'Missing required fields: customer, scope, redirect_url',
    ]);
    expect((await service.call('POST', `${banking}/mono/callback`, { body: {} })).status).toBe(400);
    const unknown = await service.call('POST', `${banking}/mono/callback`, { body: { code: 'code_x' } });
    expect(unknown.body.error).toEqual({ code: 'BAD_REQUEST', message: 'Mono does not take this code' });
    simulator.control.addFault({ kind: 'server_error' });
    const failed = await service.call('POST', `${banking}/mono/callback`, { body: { code: 'code_x' } });
    expect(failed.status).toBe(502);
  });

  it('M10: says that credentials are missing, with the flag on', async () => {
    const bare = await startService({ ...testEnv(await postgres.fresh(), simulator), MONO_SECRET_KEY: '' });
    const { accountId } = await linkAccount(bare, 'acc_sandbox_123');
    const { body } = await bare.call('POST', `${banking}/transactions/sync`, {
      body: { sync_config: { account_db_id: accountId } },
    });
    expect(body.data).toMatchObject({
      sync_started: false,
      feature_enabled: true,
      credentials_configured: false,
    });
    await bare.close();
  });
});

describe('M1, M20: settings', () => {
  it('are listed by name and state, never with a value', async () => {
    const { accountId } = await linkAccount(service, 'acc_sandbox_123');
    await service.call('POST', `${banking}/transactions/sync`, {
      body: { sync_config: { account_db_id: accountId } },
    });
    const { status, body } = await service.call('GET', '/api/v1/admin/settings', { role: 'ADMIN' });
    expect(status).toBe(200);
    const byName = Object.fromEntries(
      body.data.settings.map((setting: { name: string }) => [setting.name, setting]),
    );
    expect(byName.MONO_SECRET_KEY).toMatchObject({ set: true, state: 'overridden', secret: true });
    expect(byName.MONO_ENVIRONMENT).toMatchObject({ set: true, state: 'default' });
    expect(byName.MONO_WEBHOOK_SECRET_PREVIOUS).toMatchObject({ set: false });
    expect(body.data.secret_sources).toEqual([{ name: 'MONO_SECRET_KEY', source: 'env MONO_SECRET_KEY' }]);
    expect(body.data.oldest_token_age_seconds).toBeLessThan(3600);
    expect(JSON.stringify(body)).not.toMatch(/test_sk_simulator|sec_test_mono|a-secret-of-the-test-suite/);
    expect(await service.metrics()).toMatch(/taxpoynt_mono_token_age_seconds [0-9.]+/);
  });

  it('are described by an OpenAPI document that anyone may read', async () => {
    const { status, body } = await service.call('GET', '/api/schema/', { role: null });
    expect(status).toBe(200);
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([banking, `${banking}/mono/link`, `${banking}/transactions/sync`]),
    );
    // What each answer holds is checked at every call of the tests: here, that nothing is left undescribed.
    for (const [path, operations] of Object.entries<Record<string, { responses: object }>>(body.paths)) {
      for (const [method, { responses }] of Object.entries(operations)) {
        const described = Object.entries(responses).map(([status, { content = {} }]) => [
          status,
          ...Object.entries<{ schema?: { type?: string } }>(content).map(
            ([type, { schema }]) => `${type}: ${schema?.type}`,
          ),
        ]);
        const json = 'application/json: object';
        expect([method, path, described]).toEqual([method, path, expect.arrayContaining([['4XX', json]])]);
        const [good, ...others] = described.filter(([status]) => /^20[01]$/.test(String(status)));
        expect([json, 'text/csv: string', 'text/html: string']).toContain(good?.[1]);
        expect(others).toEqual([]);
      }
    }
  });
});

describe('under load', () => {
  it('answers 503 with Retry-After when no database connection becomes free, and recovers', async () => {
    const env = {
      ...testEnv(await postgres.fresh(), simulator),
      DB_POOL_MAX: '2',
      DB_ACQUIRE_TIMEOUT_MS: '200',
    };
    const small = await startService(env);
    await small.app.started;
    const { db } = small.app.platform;
    const held = Promise.withResolvers<void>();
    const holders = [1, 2].map(() => db.transaction(() => held.promise));
    await vi.waitFor(() => expect(db.stats()).toMatchObject({ total: 2, idle: 0 }));
    const busy = await small.call('GET', banking);
    expect([busy.status, busy.body.error.code, busy.headers['retry-after']]).toEqual([503, 'BUSY', '5']);
    held.resolve();
    await Promise.all(holders);
    expect((await small.call('GET', banking)).status).toBe(200);
    await small.close();
  });
});

it('sheds load when the event loop lags, but stays scrapable and tells its health', async () => {
  const env = { ...testEnv(await postgres.fresh(), simulator), MAX_EVENT_LOOP_DELAY_MS: '1' };
  const lagging = await startService(env);
  const spin = setInterval(() => {
    for (const end = performance.now() + 100; performance.now() < end; );
  }, 1);
  await vi.waitFor(
    async () => {
      const { status, headers } = await lagging.call('GET', banking);
      expect([status, headers['retry-after']]).toEqual([503, '5']);
    },
    { timeout: 20_000 },
  );
  expect((await lagging.call('GET', '/healthz', { role: null })).status).toBe(200);
  expect((await lagging.call('GET', '/metrics', { role: null })).status).toBe(200);
  clearInterval(spin);
  await lagging.close();
});

describe('drain', () => {
  it('lets a run under way finish, and then answers no more', async () => {
    const { accountId } = await linkAccount(service, 'acc_sandbox_123');
    simulator.control.addFault({ kind: 'latency', ms: 300, calls: 1 });
    const running = service.call('POST', `${banking}/transactions/sync`, {
      body: { sync_config: { account_db_id: accountId, mode: 'full' } },
    });
    await service.logged(({ event }) => event === 'mono.fetch.started');
    await service.close();
    expect((await running).body.data.inserted_count).toBe(307);
  });
});
