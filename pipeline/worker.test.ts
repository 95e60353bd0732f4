import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { findPayout, providers } from '#pipeline/payouts/payouts.ts';
import { type RunningPayoutSimulator, startPayoutSimulator } from '#pipeline/simulators/payouts/start.ts';
import { useDatabase } from '#pipeline/testing/database.ts';
import { providerEnv } from '#pipeline/testing/payout-providers.ts';
import { fundedWallet, payoutOf } from '#pipeline/testing/payouts.ts';
import { runScript, type Started, startScript } from '#pipeline/testing/processes.ts';
import { testEnv } from '#pipeline/testing/service.ts';

const database = useDatabase({ max: 4 });
let simulator: RunningPayoutSimulator;
let env: NodeJS.ProcessEnv;
const started: Started[] = [];

beforeAll(async () => {
  simulator = await startPayoutSimulator({ settleMs: [1, 5] });
  env = {
    ...testEnv(database.url),
    ...providerEnv(simulator),
    DOMAINS: 'payouts',
    PORT: '0',
    PAYOUT_INTERVAL_MS: '50',
    PAYOUT_POLL_MS: '50',
  };
});
afterEach(async () => {
  for (const worker of started.splice(0)) {
    worker.child.kill('SIGKILL');
    await worker.finished;
  }
});
afterAll(() => simulator?.close());

async function startWorker(): Promise<{ worker: Started; url: string }> {
  const worker = startScript('pipeline/server.ts', ['--worker'], env);
  started.push(worker);
  const [, url = ''] = await worker.printed(/"address":"(http[^"]+)"/);
  return { worker, url };
}

it('N2: a worker is a process of its own that sends, asks, tells how it is, and ends what it began', async () => {
  const { worker, url } = await startWorker();
  const { walletId } = await fundedWallet(database.db, 100_000);
  const payouts = await Promise.all(
    providers.map((provider) => payoutOf(database.db, walletId, { provider })),
  );
  const statuses = () =>
    Promise.all(payouts.map(async ({ transaction_id: id }) => (await findPayout(database.db, id))?.status));
  await expect.poll(statuses, { timeout: 20_000 }).toEqual(Array(4).fill('CONFIRMED'));
  const health = await fetch(`${url}/healthz`);
  expect([health.status, await health.json()]).toEqual([200, { ok: true, db_ok: true }]);
  // On a machine that is busy a gauge may be left out of one scrape: the database was not there in time.
  let metrics = '';
  await expect
    .poll(
      async () => {
        metrics = await (await fetch(`${url}/metrics`)).text();
        return metrics;
      },
      { timeout: 20_000 },
    )
    .toContain('payout_due_lag_seconds{provider="MOMO",status="SENT"} 0');
  expect(metrics).toContain('payout_attempts_total{provider="MOMO",result="SENT"} 1');
  expect(metrics).toContain('payout_attempts_total{provider="MOMO",result="FAILED"} 0');
  expect(metrics).toContain('payout_open{provider="MOMO",status="SENT"} 0');
  expect(metrics).toContain('payout_rows_forgotten_total{kind="webhook_event"} 0');
  expect(metrics).toMatch(/taxpoynt_build_info\{version="\d[^"]+",git_sha=""\} 1/);
  expect(metrics).toMatch(/payout_worker_heartbeat_timestamp_seconds\{provider="FLOOZ"\} \d{10}/);
  worker.child.kill('SIGTERM');
  expect((await worker.finished).code).toBe(0);
});

it('N8: takes nothing before it knows what is paused', async () => {
  const { db } = database;
  await db.query(
    `INSERT INTO flag_overrides (flag, instance_id, value, updated_by) VALUES ($1, '*', 'true', 'test')`,
    ['PAYOUTS_MOMO_PAUSED'],
  );
  const { walletId } = await fundedWallet(db, 100_000);
  const [paused, other] = [
    await payoutOf(db, walletId, { provider: 'MOMO' }),
    await payoutOf(db, walletId, { provider: 'TMONEY' }),
  ];
  const statusOf = async (id: string) => (await findPayout(db, id))?.status;
  await db.query('ALTER TABLE flag_overrides RENAME TO flag_overrides_away');
  const { worker } = await startWorker();
  await worker.printed(/flags could not be read/);
  expect(await statusOf(other.transaction_id)).toBe('PENDING');
  await db.query('ALTER TABLE flag_overrides_away RENAME TO flag_overrides');
  await worker.printed(/worker\.ready/);
  await expect.poll(() => statusOf(other.transaction_id), { timeout: 20_000 }).toBe('CONFIRMED');
  expect(await statusOf(paused.transaction_id)).toBe('PENDING');
});

it('says what is wrong where payouts do not run', async () => {
  const wrong = await runScript('pipeline/server.ts', ['--worker'], { ...env, DOMAINS: 'economy' });
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('--worker is for payouts') });
});
