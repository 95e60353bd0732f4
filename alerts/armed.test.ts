import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import alerts from '#harness/checks/alerts/alerts.ts';
import { createPrometheus } from '#harness/sources/prometheus.ts';
import { testContext } from '#harness/testing/context.ts';
import { startPrometheus, type TestPrometheus, until } from '#harness/testing/prometheus.ts';
import { startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';
import { allRules } from './all-rules.ts';

const platform = ['EconomyServiceDown', 'EconomyErrorRateHigh', 'EconomyLatencyHigh'];
const moderation = [
  'ModerationDenyRateHigh',
  'ModerationNothingDenied',
  'ModerationGateSlow',
  'ModerationCacheHitRateLow',
  'ModerationSamplesDropped',
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

async function measure() {
  const context = testContext({
    root: join(import.meta.dirname, '..'),
    sources: { prometheus: async () => createPrometheus({ name: 'prometheus', url: server.url }) },
  });
  const options = { rules: ['alerts/*.rules.yml'], alerts: [...platform, ...moderation] };
  return (await alerts.measure(options, context)).facts;
}

it('D7: on a service that nobody has used, the alerts of the platform are armed, those of moderation only with observability', async () => {
  let facts = await measure();
  const sees = (unarmed: readonly string[]) =>
    until(async () => {
      facts = await measure();
      return facts.alerts.every(({ recent }) => recent) && facts.unarmed.length === unarmed.length;
    });
  await sees(moderation);
  expect(facts.unarmed).toEqual(moderation);
  await economy.setFlag('MODERATION_OBSERVABILITY_ENABLED', true);
  server.expose(await economy.service.metrics());
  await sees([]);
  expect(facts.alerts.map(({ state, health }) => `${state} ${health}`)).toEqual(
    [...platform, ...moderation].map(() => 'inactive ok'),
  );
});
