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
import { allRules } from './all-rules.ts';

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

/** The platform: of `answers`, how many were slow, failed, were denied; what was looked up and what was left out. */
function platform(answers: number, isBad: boolean): string {
  const bad = isBad ? answers - 1 : 0;
  const labels = 'method="GET",route="/api/shop/items"';
  return [
    `http_requests_total{${labels},status="200"} ${answers}`,
    `http_requests_total{${labels},status="500"} ${bad}`,
    `http_request_duration_seconds_bucket{${labels},status="200",le="0.8"} ${answers - bad}`,
    `http_request_duration_seconds_bucket{${labels},status="200",le="1"} ${answers}`,
    `http_request_duration_seconds_bucket{${labels},status="200",le="+Inf"} ${answers}`,
    `http_request_duration_seconds_count{${labels},status="200"} ${answers}`,
    'taxpoynt_feature_flag{flag="PURCHASE_ENFORCEMENT_ENABLED"} 1',
    `moderation_gate_latency_seconds_bucket{le="0.15"} ${answers - bad}`,
    `moderation_gate_latency_seconds_bucket{le="0.25"} ${answers}`,
    `moderation_gate_latency_seconds_bucket{le="+Inf"} ${answers}`,
    `moderation_gate_latency_seconds_count ${answers}`,
    `moderation_cache_hits_total ${answers}`,
    `moderation_cache_misses_total ${9 * bad}`,
    `moderation_observability_dropped_total{reason="rate_limited"} ${bad}`,
    '',
  ].join('\n');
}

/** Payouts and the pool: `total` of what went wrong so far; how long what is open is old; when a worker last looked. */
function payouts({ total, openSeconds, beat }: Record<'total' | 'openSeconds' | 'beat', number>): string {
  const provider = 'provider="TMONEY"';
  return [
    `payout_oldest_open_seconds{${provider},status="SENT"} ${openSeconds}`,
    `payout_due_lag_seconds{${provider}} ${openSeconds}`,
    'taxpoynt_feature_flag{flag="PAYOUTS_TMONEY_PAUSED"} 0',
    `payout_worker_heartbeat_timestamp_seconds{${provider}} ${beat}`,
    `webhook_events_total{${provider},signature_valid="false",applied="false"} ${total}`,
    `webhook_events_total{${provider},signature_valid="true",applied="true"} 0`,
    `payout_attempts_total{${provider},result="FAILED"} ${total}`,
    `idempotency_conflicts_total{route="cash_out_mobile_money"} ${total}`,
    'db_pool_wait_seconds_bucket{le="0.1"} 0',
    `db_pool_wait_seconds_bucket{le="0.15"} ${total}`,
    `db_pool_wait_seconds_bucket{le="+Inf"} ${total}`,
    `db_pool_wait_seconds_count ${total}`,
    `db_pool_refusals_total{reason="timeout"} ${total}`,
    '',
  ].join('\n');
}

const nowSeconds = () => Date.now() / 1000;
const almostSilent = () => nowSeconds() - 105;

const decisions = (allowed: number, denied: number) =>
  `moderation_gate_decisions_total{result="allow",reason="NONE"} ${allowed}
moderation_gate_decisions_total{result="deny",reason="BANNED"} ${denied}
`;

/** All is well; a worker looked so long ago that its alert, whose threshold nothing divides, is not far. */
const quiet = () =>
  exposition({ runs: 1, slow: 0, failures: 0, empty: 0 }) +
  payouts({ total: 1, openSeconds: 0, beat: almostSilent() }) +
  platform(1, false) +
  decisions(1, 0);

beforeAll(async () => {
  await new Promise<void>((done) => pager.listen(0, '127.0.0.1', done));
  const pagerUrl = `http://127.0.0.1:${(pager.address() as AddressInfo).port}`;
  const routes = parse(read('alertmanager.yml'));
  alertmanager = await startAlertmanager(
    stringify(localConfig(routes, { rehearse, pagerUrl, templates: import.meta.dirname })),
  );
  server = await startPrometheus({
    rules: compressRules(allRules(), { rehearse, intervalMs: 1_000 }),
    metrics: quiet(),
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

const reached = (status: string) =>
  new Set(
    pages.filter((page) => page.status === status).map(({ path, alertname }) => `${path} ${alertname}`),
  );
/** Exposes, a little further each time, until each of the alerts has reached its receiver in this state. */
async function lead(status: string, wanted: readonly string[], expose: () => string): Promise<void> {
  await until(async () => {
    server.expose(expose());
    return wanted.every((page) => reached(status).has(page));
  }, 60_000).catch((thrown) => {
    throw new Error(`${wanted.filter((page) => !reached(status).has(page)).join(', ')}: not ${status}`, {
      cause: thrown,
    });
  });
}

const monoPages = [
  '/pager/webhook MonoPipelineHighFailureRate',
  '/pager/webhook MonoPipelineLatencySLA',
  '/notices/webhook MonoPipelineZeroTransactions',
];
const platformPages = [
  '/pager/webhook EconomyErrorRateHigh',
  '/pager/webhook EconomyLatencyHigh',
  '/pager/webhook ModerationDenyRateHigh',
  '/pager/webhook ModerationGateSlow',
  '/pager/webhook ModerationCacheHitRateLow',
  '/notices/webhook ModerationSamplesDropped',
];
const payoutPages = [
  '/pager/webhook PayoutsStuckInSent',
  '/pager/webhook PayoutsWaiting',
  '/pager/webhook PayoutWorkerSilent',
  '/pager/webhook PayoutWebhookSignaturesInvalid',
  '/pager/webhook PayoutAttemptsFailing',
  '/pager/webhook PayoutIdempotencyConflicts',
  '/pager/webhook DatabasePoolWaitLong',
  '/pager/webhook DatabasePoolExhausted',
];
const faults = [...monoPages, ...platformPages, ...payoutPages];
const toothless = ['/notices/webhook ModerationNothingDenied'];
const down = ['/pager/webhook EconomyServiceDown'];

it('leads each fault to its receiver and its end to the same, and stays quiet while all is well', async () => {
  await until(async () => {
    server.expose(quiet());
    return (await unmet()).length === 0;
  });
  expect(pages).toEqual([]);

  let runs = 1;
  const more = () => {
    runs += 10;
    return runs;
  };
  const lastBeat = almostSilent();
  const bad = () =>
    exposition({ runs: more(), slow: runs - 1, failures: 6, empty: 1 }) +
    payouts({ total: runs, openSeconds: 5000, beat: lastBeat }) +
    platform(runs, true) +
    decisions(runs, runs);
  await lead('firing', faults, bad);
  expect(reached('firing')).toEqual(new Set(faults));
  const own = pages.filter(({ alertname }) => alertname.startsWith('Mono'));
  expect(own.every(({ labels }) => labels['provider'] === 'mono' && labels['account_id'])).toBe(true);
  expect(await unmet()).toContain('size(firing) == 0');

  const denied = runs;
  const slow = { runs, slow: runs - 1, failures: 0, empty: 1 };
  const healed = () => payouts({ total: denied, openSeconds: 0, beat: nowSeconds() });
  const still = () => exposition(slow) + healed() + platform(runs, true);
  await lead('resolved', faults, () => still() + decisions(denied, denied));
  // Thousands are allowed and nobody is denied.
  await lead('firing', toothless, () => still() + decisions(more(), denied));
  await lead('resolved', toothless, () => still() + decisions(runs, denied));
  await lead('firing', down, () => 'no metrics');
  await lead('resolved', down, () => still() + decisions(runs, denied));
  const every = [...faults, ...toothless, ...down];
  expect(reached('firing')).toEqual(new Set(every));
  expect(reached('resolved')).toEqual(new Set(every));
}, 240_000);
