import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import alerts from '#harness/checks/alerts/alerts.ts';
import { createPrometheus } from '#harness/sources/prometheus.ts';
import { testContext } from '#harness/testing/context.ts';
import { startPrometheus, type TestPrometheus, until } from '#harness/testing/prometheus.ts';
import { startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';
import { startWorkerApp } from '#pipeline/testing/payout-worker-metrics.ts';
import { testEnv } from '#pipeline/testing/service.ts';
import { allRules } from './all-rules.ts';

const platform = ['EconomyServiceDown', 'EconomyErrorRateHigh', 'EconomyLatencyHigh'];
const moderation = [
  'ModerationDenyRateHigh',
  'ModerationNothingDenied',
  'ModerationGateSlow',
  'ModerationCacheHitRateLow',
  'ModerationSamplesDropped',
];
const payouts = [
  'PayoutsStuckInSent',
  'PayoutsWaiting',
  'PayoutWorkerSilent',
  'PayoutWebhookSignaturesInvalid',
  'PayoutAttemptsFailing',
  'PayoutIdempotencyConflicts',
  'DatabasePoolWaitLong',
  'DatabasePoolExhausted',
];
let economy: TestEconomy;
let server: TestPrometheus;

beforeAll(async () => {
  economy = await startEconomy();
  const metrics = await economy.service.metrics();
  server = await startPrometheus({ metrics, rules: allRules(), job: 'taxpoynt-backend' });
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await economy?.stop();
});

async function measure(names: readonly string[]) {
  const context = testContext({
    root: join(import.meta.dirname, '..'),
    sources: { prometheus: async () => createPrometheus({ name: 'prometheus', url: server.url }) },
  });
  const options = { rules: ['alerts/*.rules.yml'], alerts: [...names] };
  return (await alerts.measure(options, context)).facts;
}

/** Until each has been looked at, and just these could not fire. */
async function sees(names: readonly string[], unarmed: readonly string[]) {
  let facts = await measure(names);
  await until(async () => {
    facts = await measure(names);
    return facts.alerts.every(({ recent }) => recent) && facts.unarmed.length === unarmed.length;
  });
  expect(facts.unarmed).toEqual(unarmed);
  return facts.alerts.map(({ state, health }) => `${state} ${health}`);
}

it('D7: on a service that nobody has used, the alerts of the platform are armed, those of moderation only with observability', async () => {
  const both = [...platform, ...moderation];
  await sees(both, moderation);
  await economy.setFlag('MODERATION_OBSERVABILITY_ENABLED', true);
  server.expose(await economy.service.metrics());
  expect(await sees(both, [])).toEqual(both.map(() => 'inactive ok'));
});

it('N10: on the same, the alerts of payouts and of the pool are armed, and the one of workers as soon as one runs', async () => {
  await sees(payouts, ['PayoutWorkerSilent']);
  const worker = await startWorkerApp(testEnv(economy.databaseUrl));
  try {
    await until(async () => {
      server.expose(await worker.besides(await economy.service.metrics()));
      return (await measure(payouts)).unarmed.length === 0;
    });
    expect(await sees(payouts, [])).toEqual(payouts.map(() => 'inactive ok'));
  } finally {
    await worker.stop();
  }
});
