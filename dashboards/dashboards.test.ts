import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPrometheus } from '#harness/sources/prometheus.ts';
import { startPrometheus, type TestPrometheus, until } from '#harness/testing/prometheus.ts';
import { measureDashboard } from './measure.ts';

/** What the service exposes, growing with every scrape so that rates have something to show. */
function exposition(runs: number): string {
  const account = 'account_id="5d1c0d0e-0000-4000-8000-000000000001"';
  const histogram = (name: string, labels: string) =>
    `${name}_bucket{${labels},le="2"} ${runs}\n${name}_bucket{${labels},le="+Inf"} ${runs}\n${name}_count{${labels}} ${runs}\n${name}_sum{${labels}} ${runs}\n`;
  return [
    histogram(
      'taxpoynt_mono_pipeline_stage_seconds',
      `provider="mono",stage="sync",outcome="success",${account}`,
    ),
    `taxpoynt_mono_pipeline_errors_total{provider="mono",stage="sync",reason="other",${account}} 0\n`,
    `taxpoynt_mono_pipeline_zero_transactions_total{provider="mono",${account}} 0\n`,
    `taxpoynt_mono_pipeline_failure_streak{provider="mono",${account}} 0\n`,
    `taxpoynt_http_requests_total{method="GET",endpoint="/x",status_code="200",service_role="mono_open_banking"} ${runs}\n`,
    'job_queue_depth{queue="sync",state="created"} 1\n',
    'job_oldest_age_seconds{queue="sync",state="created"} 1\n',
    `jobs_processed_total{queue="sync",result="completed"} ${runs}\n`,
    histogram('job_duration_seconds', 'queue="sync",result="completed"'),
  ].join('');
}

const root = join(import.meta.dirname, '..');
let server: TestPrometheus;
let runs = 1;

beforeAll(async () => {
  server = await startPrometheus({ metrics: exposition(runs), job: 'taxpoynt-backend' });
  const source = createPrometheus({ name: 'metrics', url: server.url });
  await until(async () => {
    server.expose(exposition(++runs));
    return (await source.instant('rate(job_duration_seconds_count[10s]) > 0')).length === 1;
  });
});
afterAll(() => server?.stop());

const measure = (file: string, panels: string[]) => measureDashboard(server.url, file, panels);

describe('the dashboards against a Prometheus with the metrics of the service', () => {
  it('shows fresh data in every panel of the Mono pipeline', async () => {
    const wanted = [
      'Pipeline Stage P95 Latency',
      'Sync Failure Burndown',
      'Zero Transaction Runs',
      'Pipeline Logs',
    ];
    const { facts, unmet } = await measure('dashboards/mono_pipeline.json', wanted);
    expect(unmet, JSON.stringify(facts, null, 2)).toEqual([]);
    expect(facts.dashboards).toEqual([
      {
        file: 'dashboards/mono_pipeline.json',
        uid: 'mono-pipeline-observability',
        title: 'Mono Banking Pipeline',
      },
    ]);
    expect(facts.unchecked).toEqual(['Pipeline Logs']);
  });

  it('shows fresh data in every panel of the queues', async () => {
    const wanted = ['Queue Depth', 'Oldest Job Age', 'Jobs Processed', 'Job Duration P95'];
    const { facts, unmet } = await measure('dashboards/queue_sla.json', wanted);
    expect(unmet, JSON.stringify(facts, null, 2)).toEqual([]);
  });

  it('filters every Mono query by provider and, where it is about an account, by account', () => {
    const text = readFileSync(join(root, 'dashboards/mono_pipeline.json'), 'utf8');
    const panels = JSON.parse(text).panels as { type: string; targets?: { expr: string }[] }[];
    expect(panels.filter(({ type }) => type === 'text')).toHaveLength(1);
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(queries).toContain('{job="taxpoynt-backend"} |~ "mono-pipeline"');
    const pipeline = queries.filter((expr) => expr.includes('taxpoynt_mono_pipeline_'));
    expect(pipeline.length).toBeGreaterThan(3);
    for (const expr of pipeline) expect(expr).toContain('{provider="mono", account_id=~"$account_id"}');
  });
});
