import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import alerts from '#harness/checks/alerts/alerts.ts';
import { evaluateExpectation } from '#harness/gate/evaluate.ts';
import { createAlertmanager } from '#harness/sources/alertmanager.ts';
import { createPrometheus } from '#harness/sources/prometheus.ts';
import { localConfig } from '#harness/stack/alertmanager.ts';
import { compressRules } from '#harness/stack/compress.ts';
import { testContext } from '#harness/testing/context.ts';
import {
  startAlertmanager,
  startPrometheus,
  type TestPrometheus,
  until,
} from '#harness/testing/prometheus.ts';

/* The real rules and routes, clocks 600 times faster, from a metric of the service to what a receiver gets. */
const rehearse = 600;
const read = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8');
const account = 'account_id="5d1c0d0e-0000-4000-8000-000000000001"';

interface Page {
  path: string;
  status: string;
  alertname: string;
  labels: Record<string, string>;
}
const pages: Page[] = [];
const pager = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  for (const alert of JSON.parse(body).alerts) {
    const { status, labels } = alert;
    pages.push({ path: request.url ?? '', status, alertname: labels.alertname, labels });
  }
  response.end();
});
let alertmanager: { url: string; stop(): Promise<void> };
let server: TestPrometheus;

function exposition({
  runs,
  slow,
  failures,
  empty,
}: Record<'runs' | 'slow' | 'failures' | 'empty', number>): string {
  const stage = `provider="mono",stage="sync",outcome="success",${account}`;
  return [
    `taxpoynt_mono_pipeline_stage_seconds_bucket{${stage},le="2"} ${runs - slow}`,
    `taxpoynt_mono_pipeline_stage_seconds_bucket{${stage},le="5"} ${runs}`,
    `taxpoynt_mono_pipeline_stage_seconds_bucket{${stage},le="+Inf"} ${runs}`,
    `taxpoynt_mono_pipeline_errors_total{provider="mono",stage="sync",reason="other",${account}} ${failures}`,
    `taxpoynt_mono_pipeline_failure_streak{provider="mono",${account}} ${failures}`,
    `taxpoynt_mono_pipeline_zero_transactions_total{provider="mono",${account}} ${empty}`,
    '',
  ].join('\n');
}

beforeAll(async () => {
  await new Promise<void>((done) => pager.listen(0, '127.0.0.1', done));
  const pagerUrl = `http://127.0.0.1:${(pager.address() as AddressInfo).port}`;
  const routes = parse(read('alertmanager.yml'));
  alertmanager = await startAlertmanager(
    stringify(localConfig(routes, { rehearse, pagerUrl, templates: import.meta.dirname })),
  );
  server = await startPrometheus({
    rules: compressRules(read('mono.rules.yml'), { rehearse, intervalMs: 1_000 }),
    metrics: exposition({ runs: 1, slow: 0, failures: 0, empty: 0 }),
    alertmanager: alertmanager.url,
    job: 'taxpoynt-backend',
  });
});
afterAll(async () => {
  await server?.stop();
  await alertmanager?.stop();
  pager.closeAllConnections();
  pager.close();
});

async function unmet(): Promise<string[]> {
  const context = testContext({
    root: join(import.meta.dirname, '..'),
    environment: { rehearse },
    sources: {
      prometheus: async () => createPrometheus({ name: 'prometheus', url: server.url }),
      alertmanager: async () => createAlertmanager({ name: 'alertmanager', url: alertmanager.url }),
    },
  });
  const options = { rules: ['alerts/*.rules.yml'], nothing_firing: true };
  const { facts } = await alerts.measure(options, context);
  const subject = { facts, schema: alerts.facts, needs: {} };
  return alerts.expect.filter((text) => evaluateExpectation(text, subject as never).outcome !== 'true');
}

it('leads each fault to its receiver and its end to the same, and stays quiet while all is well', async () => {
  await until(async () => (await unmet()).length === 0);
  expect(pages).toEqual([]);

  let runs = 1;
  const reached = (status: string) =>
    new Set(
      pages.filter((page) => page.status === status).map(({ path, alertname }) => `${path} ${alertname}`),
    );
  const everyPage = new Set([
    '/pager/webhook MonoPipelineHighFailureRate',
    '/pager/webhook MonoPipelineLatencySLA',
    '/notices/webhook MonoPipelineZeroTransactions',
  ]);
  await until(async () => {
    runs += 10;
    server.expose(exposition({ runs, slow: runs - 1, failures: 6, empty: 1 }));
    return reached('firing').size === everyPage.size;
  });
  expect(reached('firing')).toEqual(everyPage);
  expect(pages.every(({ labels }) => labels['provider'] === 'mono' && labels['account_id'])).toBe(true);
  expect(await unmet()).toContain('size(firing) == 0');

  await until(async () => {
    server.expose(exposition({ runs, slow: runs - 1, failures: 0, empty: 1 }));
    return reached('resolved').size === everyPage.size;
  }, 60_000);
  expect(reached('resolved')).toEqual(everyPage);
}, 120_000);
