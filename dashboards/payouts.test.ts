import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPrometheus } from '#harness/sources/prometheus.ts';
import { startPrometheus, type TestPrometheus, until } from '#harness/testing/prometheus.ts';
import { providers } from '#pipeline/payouts/payouts.ts';
import { type RunningPayoutSimulator, startPayoutSimulator } from '#pipeline/simulators/payouts/start.ts';
import { providerEnv } from '#pipeline/testing/payout-providers.ts';
import { startWorkerApp, type TestWorkerApp } from '#pipeline/testing/payout-worker-metrics.ts';
import { startPayouts, type TestPayouts } from '#pipeline/testing/payouts.ts';
import { testEnv } from '#pipeline/testing/service.ts';
import { measureDashboard } from './measure.ts';

const file = 'dashboards/payouts.json';
const ofWorkers = ['Worker Silence'];
const panels = [
  'Oldest Payout in SENT',
  'Open Payouts',
  'Submissions by Result',
  'Failed Share',
  'Webhooks by Signature',
  'Invalid Signatures',
  'Due Lag',
  ...ofWorkers,
  'Idempotency',
  'Pool Wait P95',
  'Pool Connections',
  'Pool Refusals',
  'Cash-out Answers',
  'Provider Flags',
];
let simulator: RunningPayoutSimulator;
let payouts: TestPayouts;
let worker: TestWorkerApp | undefined;
let server: TestPrometheus;

beforeAll(async () => {
  simulator = await startPayoutSimulator({ settleMs: [1, 5] });
  payouts = await startPayouts(providerEnv(simulator));
  server = await startPrometheus({ metrics: await payouts.service.metrics(), job: 'taxpoynt-backend' });
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await worker?.stop();
  await payouts?.stop();
  await simulator?.close();
});

/** Somebody pays out through each provider, now and then, and Prometheus sees what is said of it, until this query has a result. */
async function payOut(query: string): Promise<void> {
  const source = createPrometheus({ name: 'metrics', url: server.url });
  const person = await payouts.person({ cents: 100_000 });
  await until(async () => {
    for (const provider of providers) {
      const key = randomUUID();
      for (let turn = 0; turn < 2; turn++) {
        expect((await person.cashOut(100, key, { provider })).status).toBe(200);
      }
    }
    const service = await payouts.service.metrics();
    server.expose(worker ? await worker.besides(service) : service);
    return (await source.instant(query)).length > 0;
  });
}

it('N10: without a worker what it tells is empty, and what the database tells is not', async () => {
  await payOut('rate(http_requests_total{route="/v1/cash-out/mobile-money", status="200"}[10s]) > 0');
  const { facts } = await measureDashboard(server.url, file, panels);
  expect(facts.missing_panels).toEqual([]);
  expect(facts.panels.filter(({ empty }) => empty.length > 0).map(({ title }) => title)).toEqual(ofWorkers);
});

it('N10: with a worker every panel shows fresh data', async () => {
  worker = await startWorkerApp({
    ...testEnv(payouts.databaseUrl),
    ...providerEnv(simulator),
    PAYOUT_INTERVAL_MS: '100',
  });
  await payOut('count(rate(payout_attempts_total{result="SENT"}[10s]) > 0) == 4');
  const { facts, unmet } = await measureDashboard(server.url, file, panels);
  expect(unmet, JSON.stringify(facts, null, 2)).toEqual([]);
  expect(facts.dashboards).toEqual([{ file, uid: 'payouts', title: 'Payouts' }]);
  expect(facts.unchecked).toEqual([]);
});
