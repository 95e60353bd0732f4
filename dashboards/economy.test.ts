import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPrometheus } from '#harness/sources/prometheus.ts';
import { startPrometheus, type TestPrometheus, until } from '#harness/testing/prometheus.ts';
import { startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';
import { measureDashboard } from './measure.ts';

const file = 'dashboards/economy.json';
const gatePanels = ['Gate Latency', 'Cache Hit Rate', 'Deny Rate', 'Decisions by Reason', 'Samples Left Out'];
const otherPanels = ['Request Rate', 'Errors by Route', 'Answer Time P95', 'WebSocket Connections', 'Flags'];
let economy: TestEconomy;
let server: TestPrometheus;

/** Members buy, one of them banned, and Prometheus sees what the service says of it, until this query has a result. */
async function trade(query: string): Promise<void> {
  const source = createPrometheus({ name: 'metrics', url: server.url });
  const body = { item_id: economy.items['BADGE-BRONZE'], quantity: 1 };
  await until(async () => {
    for (const who of ['member', 'banned'] as const) {
      await economy.as(who, 'POST', '/api/shop/purchase/', { body });
    }
    server.expose(await economy.service.metrics());
    return (await source.instant(query)).length === 1;
  });
}

beforeAll(async () => {
  economy = await startEconomy();
  server = await startPrometheus({ metrics: await economy.service.metrics(), job: 'taxpoynt-backend' });
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await economy?.stop();
});

it('D10: without observability the panels of the gate are empty, and no other', async () => {
  await trade('sum(rate(http_requests_total{route="/api/shop/purchase/"}[10s])) > 0');
  const { facts } = await measureDashboard(server.url, file, gatePanels);
  expect(facts.missing_panels).toEqual([]);
  const empty = facts.panels.filter((panel) => panel.empty.length > 0).map(({ title }) => title);
  expect(empty.sort()).toEqual([...gatePanels].sort());
});

it('D10: with observability and enforcement on every panel shows fresh data', async () => {
  await economy.setFlag('MODERATION_OBSERVABILITY_ENABLED', true);
  await economy.setFlag('PURCHASE_ENFORCEMENT_ENABLED', true);
  await trade('sum(rate(moderation_gate_decisions_total{result="deny"}[10s])) > 0');
  const { facts, unmet } = await measureDashboard(server.url, file, [...gatePanels, ...otherPanels]);
  expect(unmet, JSON.stringify(facts, null, 2)).toEqual([]);
  expect(facts.dashboards).toEqual([{ file, uid: 'platform-economy', title: 'Platform Economy' }]);
  expect(facts.unchecked).toEqual([]);
});

it('D10: the hit rate of the cache can be checked against 70 %: the query of the panel gives it', async () => {
  const source = createPrometheus({ name: 'metrics', url: server.url });
  const { panels } = JSON.parse(readFileSync(join(import.meta.dirname, 'economy.json'), 'utf8')) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  const query = panels.find(({ title }) => title === 'Cache Hit Rate')?.targets[0]?.expr ?? '';
  const filled = query.replaceAll('$job', '.*').replaceAll('$__rate_interval', '1m');
  const [rate] = await source.instant(filled);
  expect(Number(rate?.value)).toBeGreaterThan(0.7);
  expect(Number(rate?.value)).toBeLessThanOrEqual(1);
});
