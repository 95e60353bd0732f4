import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fault, faultKinds } from '#pipeline/simulators/mono/faults.ts';
import type { RunningSimulator } from '#pipeline/simulators/mono/start.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import {
  linkAccount,
  startService,
  startSimulator,
  type TestService,
  testEnv,
} from '#pipeline/testing/service.ts';

const syncPath = '/api/v1/si/banking/open-banking/transactions/sync';
const bank = 'acc_sandbox_123';

let postgres: TestDatabase;
let simulator: RunningSimulator;
let service: TestService;

beforeAll(async () => {
  postgres = await startTestDatabase();
  simulator = await startSimulator();
  service = await startService({
    ...testEnv(await postgres.fresh(), simulator),
    MONO_REQUEST_TIMEOUT: '1',
  });
  await service.app.started;
}, 120_000);

afterAll(async () => {
  await service?.close();
  await simulator?.close();
  await postgres?.stop();
});

async function one(sql: string, accountId: string) {
  const { rows } = await service.app.platform.db.query(sql, [accountId]);
  return rows[0];
}

/** What the provider has, by its own count, against what is stored. */
async function expectWhole(accountId: string): Promise<void> {
  const provider = simulator.control.stats().accounts[bank];
  const stored = await one(
    `SELECT count(*)::int AS rows,
       coalesce(sum(amount * 100) FILTER (WHERE transaction_type = 'credit'), 0)::bigint::text AS credit,
       coalesce(sum(amount * 100) FILTER (WHERE transaction_type = 'debit'), 0)::bigint::text AS debit
     FROM core_bank_transactions WHERE account_id = $1`,
    accountId,
  );
  expect(stored).toEqual({
    rows: provider?.rows,
    credit: provider?.credit_kobo,
    debit: provider?.debit_kobo,
  });
}

const syncing =
  (accountId: string) =>
  (page_limit: number, mode: string, range: object = {}) =>
    service.call('POST', syncPath, {
      body: { sync_config: { account_db_id: accountId, mode, page_limit, ...range } },
    });

const faultOf = (kind: Fault['kind'], calls: number): Fault => ({
  kind,
  calls,
  ...(kind === 'latency' && { ms: 20 }),
  ...(kind === 'rate_limit' && { retryAfter: 0 }),
});

describe('M5: the cursor', () => {
  it('does not move when recent days only are synced: what came before them is missing', async () => {
    simulator.control.reset();
    const { accountId } = await linkAccount(service, bank);
    const recent = await syncing(accountId)(100, 'full', { start: '2026-10-20' });
    expect(recent.body.data.inserted_count).toBeGreaterThan(0);
    expect(recent.body.data.last_cursor).toBeNull();
    await syncing(accountId)(100, 'incremental');
    await expectWhole(accountId);
  });

  it('does not follow a row that claims to come from the future: it would hide those that come later', async () => {
    simulator.control.reset();
    const { accountId } = await linkAccount(service, bank);
    simulator.control.append(bank, { rows: [{ date: '2099-01-01T00:00:00.000Z' }] });
    await syncing(accountId)(100, 'full');
    const sane = 'SELECT cursor_at <= now() AS sane FROM bank_accounts WHERE id = $1';
    expect(await one(sane, accountId)).toEqual({ sane: true });
    simulator.control.append(bank, { rows: [{ date: new Date().toISOString() }] });
    expect((await syncing(accountId)(100, 'incremental')).body.data.inserted_count).toBe(1);
    await expectWhole(accountId);
  });
});

describe('M5, M7: whatever the provider does', () => {
  it.each(faultKinds)('%s: a clean run afterwards has every row', async (kind) => {
    simulator.control.reset();
    const { accountId } = await linkAccount(service, bank);
    const sync = syncing(accountId);
    simulator.control.addFault(faultOf(kind, 3));
    for (let run = 1; run <= 2; run++) {
      const { status, body } = await sync(50, 'full');
      expect([200, 502, 504]).toContain(status);
      if (status === 200) {
        const { fetched_count, inserted_count, duplicate_count, rejected_count } = body.data;
        expect(fetched_count).toBe(inserted_count + duplicate_count + rejected_count);
      } else
        expect(
          (await one('SELECT cursor_at FROM bank_accounts WHERE id = $1', accountId))?.cursor_at,
        ).toBeNull();
    }
    simulator.control.clearFaults();
    expect((await sync(50, 'full')).status).toBe(200);
    await expectWhole(accountId);
  });

  it('any sequence of faults, new rows and runs ends whole after one clean run', async () => {
    const step = fc.record({
      kind: fc.constantFrom(...faultKinds),
      calls: fc.integer({ min: 1, max: 6 }),
      rows: fc.nat({ max: 5 }),
      limit: fc.constantFrom(37, 100, 1000),
      mode: fc.constantFrom('full', 'incremental'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        simulator.control.reset();
        const { accountId } = await linkAccount(service, bank);
        const sync = syncing(accountId);
        for (const { kind, calls, rows, limit, mode } of steps) {
          simulator.control.addFault(faultOf(kind, calls));
          if (rows > 0) simulator.control.append(bank, { count: rows });
          expect([200, 502, 504]).toContain((await sync(limit, mode)).status);
        }
        simulator.control.clearFaults();
        const { status, body } = await sync(100, 'incremental');
        expect(status).toBe(200);
        expect(body.data.rejected_count).toBe(0);
        await expectWhole(accountId);
        expect((await sync(100, 'full')).body.data.inserted_count).toBe(0);
      }),
      { numRuns: 15 },
    );
  }, 120_000);

  it('holds no lock and no dead run afterwards', async () => {
    const { rows } = await service.app.platform.db.query(
      "SELECT count(*)::int AS running FROM mono_sync_runs WHERE state = 'running'",
    );
    expect(rows).toEqual([{ running: 0 }]);
    expect(service.app.platform.db.stats()).toMatchObject({ waiting: 0 });
  });
});
