import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
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
const correlation = /^mono-(sync|pipeline)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let postgres: TestDatabase;
let simulator: RunningSimulator;
let service: TestService;
let account: TestAccount;

beforeAll(async () => {
  postgres = await startTestDatabase();
}, 120_000);

afterAll(() => postgres?.stop());

beforeEach(async () => {
  simulator = await startSimulator();
  service = await startService(testEnv(await postgres.fresh(), simulator));
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

describe('M5, M7: the first sync', () => {
  it('stores every row of the provider once, with exact totals', async () => {
    const { status, body } = await sync();
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      sync_started: true,
      inserted_count: 307,
      duplicate_count: 0,
      rejected_count: 0,
      latency_sla_seconds: 2,
    });
    const stored = await one<{ count: number; total: string }>(
      'SELECT count(*)::int AS count, sum(amount)::text AS total FROM core_bank_transactions WHERE account_id = $1',
    );
    expect(stored).toEqual({ count: 307, total: body.data.summary.total_amount });
  });

  it('M7: a re-run inserts 0 and reports the earlier count as duplicate_count', async () => {
    await sync();
    const { body } = await sync({ page_limit: 13 });
    expect(body.data).toMatchObject({ inserted_count: 0, duplicate_count: 307, fetched_count: 307 });
  });

  it('M7: rows that shift between pages are stored once and counted once', async () => {
    simulator.control.addFault({ kind: 'shifting_pages', calls: 4, rows: 3 });
    const { body } = await sync();
    const { count } = await one<{ count: number }>(
      'SELECT count(*)::int AS count FROM core_bank_transactions WHERE account_id = $1',
    );
    expect(count).toBeGreaterThan(307);
    expect(body.data).toMatchObject({ inserted_count: count, duplicate_count: 0 });
    expect((await sync()).body.data).toMatchObject({ inserted_count: 0, duplicate_count: count });
  });

  it('M5: an incremental sync asks from the cursor less the overlap, and finds what came since', async () => {
    await sync();
    simulator.control.append('acc_sandbox_123', { count: 5 });
    const { body } = await sync({ mode: 'incremental' });
    expect(body.data.inserted_count).toBe(5);
    expect(body.data.fetched_count).toBeLessThan(307);
  });

  it('M5: a manual resync covers the given days only, and never takes the cursor back', async () => {
    const first = (await sync()).body.data;
    const { body } = await sync({ mode: undefined, start: '2026-10-01', end: '2026-10-02' });
    const { count } = await one<{ count: number }>(
      `SELECT count(*)::int AS count FROM core_bank_transactions WHERE account_id = $1
       AND transaction_date >= '2026-10-01Z' AND transaction_date < '2026-10-03Z'`,
    );
    expect(body.data).toMatchObject({ fetched_count: count, duplicate_count: count, inserted_count: 0 });
    expect(body.data.last_cursor).toBe(first.last_cursor);
  });

  it('M5: the cursor stays where it was when a page in the middle cannot be fetched', async () => {
    const stored = 'SELECT count(*)::int AS count FROM core_bank_transactions WHERE account_id = $1';
    const running = sync({ page_limit: 1 });
    await vi.waitFor(async () => expect(await one(stored)).not.toEqual({ count: 0 }));
    simulator.control.addFault({ kind: 'server_error' });
    const { status, body } = await running;
    expect(status).toBe(502);
    expect(body.error).toMatchObject({
      code: 'UPSTREAM_FAILED',
      correlation_id: expect.stringMatching(correlation),
    });
    expect(await one('SELECT cursor_at FROM bank_accounts WHERE id = $1')).toEqual({ cursor_at: null });
    simulator.control.clearFaults();
    const { body: again } = await sync();
    expect(again.data.inserted_count + again.data.duplicate_count).toBe(307);
  });

  it('M5: a second sync of the same account is refused while the first runs', async () => {
    simulator.control.addFault({ kind: 'latency', ms: 300, calls: 1 });
    const running = sync();
    await service.logged(({ event }) => event === 'mono.fetch.started');
    const second = await sync();
    expect(second.status).toBe(409);
    expect(second.body.error.code).toBe('SYNC_IN_PROGRESS');
    expect((await running).body.data.inserted_count).toBe(307);
  });

  it('M5: a run that lost its lease stores nothing more', async () => {
    simulator.control.addFault({ kind: 'latency', ms: 300, calls: 2 });
    const running = sync();
    await service.logged(({ event }) => event === 'mono.fetch.started');
    await one("UPDATE mono_sync_runs SET state = 'abandoned' WHERE account_id = $1");
    expect((await running).status).toBe(500);
    expect(
      await one('SELECT count(*)::int AS count FROM core_bank_transactions WHERE account_id = $1'),
    ).toEqual({ count: 0 });
  });
});

describe('M6: what is stored', () => {
  it('keeps rejected rows with their reason, once, and stores the good ones beside them', async () => {
    simulator.control.append('acc_sandbox_123', {
      rows: [{ amount: -5 }, { type: 'transfer' }, { amount: 1.5 }],
    });
    const { body } = await sync();
    expect(body.data).toMatchObject({ inserted_count: 307, rejected_count: 3, fetched_count: 310 });
    await sync();
    const { rows } = await service.app.platform.db.query(
      'SELECT reason, times FROM mono_rejected_rows WHERE account_id = $1 ORDER BY reason',
      [account.accountId],
    );
    expect(rows).toEqual([
      { reason: 'invalid_amount', times: 2 },
      { reason: 'invalid_type', times: 2 },
      { reason: 'negative_amount', times: 2 },
    ]);
  });

  it('M6, M20: no table holds a whole account number', async () => {
    simulator.control.append('acc_sandbox_123', {
      rows: [{ narration: 'TO 0123456789 ADA', meta: { counterparty: { account_number: '9876543210' } } }],
    });
    await sync();
    for (const table of ['bank_accounts', 'core_bank_transactions', 'mono_raw_payloads', 'mono_events']) {
      const { leaks } = await one<{ leaks: number }>(
        `SELECT count(*)::int AS leaks FROM ${table} AS t WHERE t::text ~ '(0123456789|9876543210)'`,
        [],
      );
      expect([table, leaks]).toEqual([table, 0]);
    }
    expect(JSON.stringify(service.lines)).not.toMatch(/0123456789|9876543210|test_sk_simulator/);
  });

  it('M7: raw payloads are kept for the retention period, then deleted', async () => {
    const { purgeExpired } = await import('./retention.ts');
    await sync();
    const { db } = service.app.platform;
    await db.query("UPDATE mono_raw_payloads SET received_at = now() - interval '31 days' WHERE page > 2");
    expect(await purgeExpired(db, { rawDays: 30 })).toMatchObject({ raw_payloads: 5 });
    expect(await one('SELECT count(*)::int AS count FROM mono_raw_payloads', [])).toEqual({ count: 2 });
  });
});

describe('M8: events', () => {
  it('tells a run in one line each, under opaque correlation ids', async () => {
    const { body } = await sync();
    const run = service.lines.filter((line) => line.pipeline_correlation_id === body.data.correlation_id);
    expect(run.map(({ event }) => event)).toEqual([
      'mono.fetch.started',
      'mono.fetch.completed',
      'bank.transactions.ingested',
      'mono.pipeline.completed',
    ]);
    for (const line of run) expect(line.correlation_id).toMatch(correlation);
    expect(run.at(-1)?.payload).toEqual({
      account_id: account.accountId,
      account_db_id: account.accountId,
      synced_transactions: 307,
      persisted: 307,
      duplicates: 0,
      correlation_id: body.data.correlation_id,
    });
    const { body: told } = await service.call(
      'GET',
      `/api/v1/si/banking/open-banking/transactions/runs/${body.data.correlation_id}/events`,
    );
    expect(told.data.events.map(({ event }: { event: string }) => event)).toEqual(
      run.map(({ event }) => event),
    );
  });

  it('M8: five failures in a row escalate at error level, and a success ends the streak', async () => {
    simulator.control.addFault({ kind: 'server_error', calls: 5 });
    for (let run = 1; run <= 5; run++) expect((await sync()).status).toBe(502);
    const failed = eventsOf('mono.fetch.failed');
    expect(failed.map(({ level }) => level)).toEqual(['warn', 'warn', 'warn', 'warn', 'error']);
    expect(failed.at(-1)?.payload).toMatchObject({
      failures: 5,
      threshold: 5,
      reason: 'MonoUpstreamError',
      escalation: { severity: 'error', failures: 5, account_id: account.accountId },
    });
    const gauge = `taxpoynt_mono_pipeline_failure_streak{provider="mono",account_id="${account.accountId}"}`;
    expect(await service.metrics()).toContain(`${gauge} 5`);
    expect((await sync()).status).toBe(200);
    expect(await service.metrics()).toContain(`${gauge} 0`);
  });

  it('M8: a fetch of more than two seconds is told', async () => {
    simulator.control.addFault({ kind: 'latency', ms: 2100, calls: 1 });
    await sync();
    const [line] = eventsOf('mono.fetch.latency_sla_exceeded');
    expect(line?.payload).toMatchObject({ account_id: account.accountId, threshold: 2 });
  });

  it('M8: a run without transactions is told and counted, and completes', async () => {
    const empty = await linkAccount(service, 'acc_sandbox_empty');
    const { body } = await sync({}, empty.accountId);
    expect(body.data).toMatchObject({ fetched_count: 0, persisted: 0 });
    expect(eventsOf('mono.fetch.zero_transactions')).toHaveLength(1);
    expect(eventsOf('mono.fetch.completed')).toHaveLength(1);
    expect(await service.metrics()).toContain(
      `taxpoynt_mono_pipeline_zero_transactions_total{provider="mono",account_id="${empty.accountId}"} 1`,
    );
  });
});

describe('M9: metrics', () => {
  const sample = (text: string, start: string) =>
    text.split('\n').find((line) => line.startsWith(start) && line.includes(account.accountId));

  it('gives an account that never failed zero series, so that its alerts are armed', async () => {
    await sync();
    const text = await service.metrics();
    for (const stage of ['sync', 'transform', 'persist']) {
      for (const reason of ['MonoTimeoutError', 'DatabaseError', 'other']) {
        const labels = `provider="mono",stage="${stage}",reason="${reason}",account_id="${account.accountId}"`;
        expect(text).toContain(`taxpoynt_mono_pipeline_errors_total{${labels}} 0`);
      }
      const name = 'taxpoynt_mono_pipeline_stage_seconds';
      expect(sample(text, `${name}_bucket{le="2",provider="mono",stage="${stage}"`)).toMatch(/ 1$/);
      expect(sample(text, `${name}_count{provider="mono",stage="${stage}",outcome="success"`)).toMatch(/ 1$/);
    }
    expect(text).toContain(
      `taxpoynt_mono_pipeline_zero_transactions_total{provider="mono",account_id="${account.accountId}"} 0`,
    );
  });

  it('counts a failed fetch under its stage, outcome and exception class', async () => {
    simulator.control.addFault({ kind: 'auth_failure' });
    await sync();
    const text = await service.metrics();
    const labels = `provider="mono",stage="sync",reason="MonoAuthError",account_id="${account.accountId}"`;
    expect(text).toContain(`taxpoynt_mono_pipeline_errors_total{${labels}} 1`);
    const failed = 'taxpoynt_mono_pipeline_stage_seconds_count{provider="mono",stage="sync",outcome="error"';
    expect(sample(text, failed)).toMatch(/ 1$/);
  });

  it('counts a failed persist under persist, though the fetch went well', async () => {
    await one('ALTER TABLE core_bank_transactions ADD CHECK (amount < 0) NOT VALID', []);
    expect((await sync()).status).toBe(500);
    const line = await service.logged(({ event }) => event === 'sync.error');
    expect(line).toMatchObject({ reason: 'DatabaseError', code: '23514', account_id: account.accountId });
    expect(JSON.stringify(line)).not.toContain('Failing row');
    const labels = `provider="mono",stage="persist",reason="DatabaseError",account_id="${account.accountId}"`;
    expect(await service.metrics()).toContain(`taxpoynt_mono_pipeline_errors_total{${labels}} 1`);
    expect(await one('SELECT cursor_at FROM bank_accounts WHERE id = $1')).toEqual({ cursor_at: null });
  });
});
