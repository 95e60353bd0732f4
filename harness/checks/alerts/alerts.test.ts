import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkExpectation, evaluateExpectation } from '../../gate/evaluate.ts';
import { createAlertmanager } from '../../sources/alertmanager.ts';
import { createPrometheus } from '../../sources/prometheus.ts';
import { testContext } from '../../testing/context.ts';
import { startAlertmanager, startPrometheus, type TestPrometheus, until } from '../../testing/prometheus.ts';
import { kindContract } from '../contract.ts';
import alerts from './alerts.ts';

const armed = `groups:
  - name: shop
    rules:
      - alert: LongQueue
        expr: max by (queue) (queue_depth{queue=~".+"}) > 5
        labels: { severity: warning }
        annotations: { summary: 'queue {{ $labels.queue }}', note: hunter2-planted-secret-9f1c }
      - alert: SlowJobs
        expr: histogram_quantile(0.95, sum by (le) (rate(job_seconds_bucket[1m]))) > 2
        for: 1m
`;
const unarmed = `
      - alert: Ghost
        expr: no_such_metric{queue="a"} > 0 or queue_depth > 100
      - alert: BetweenBounds
        expr: histogram_quantile(0.95, sum by (le) (rate(job_seconds_bucket[1m]))) > 3
      - alert: AboveBounds
        expr: 5 < histogram_quantile(0.95, sum by (le) (rate(job_seconds_bucket[1m])))
`;
const metrics = (depth: number) => `# TYPE queue_depth gauge
queue_depth{queue="a"} ${depth}
# TYPE job_seconds histogram
job_seconds_bucket{le="2"} 7
job_seconds_bucket{le="5"} 7
job_seconds_bucket{le="+Inf"} 7
job_seconds_sum 7
job_seconds_count 7
`;

const root = mkdtempSync(join(tmpdir(), 'countersign-alerts-'));
let server: TestPrometheus;
let alertmanager: { url: string; stop(): Promise<void> };
const source = () => createPrometheus({ name: 'metrics', url: server.url });
const states = async () =>
  Object.fromEntries((await source().rules()).map(({ name, state }) => [name, state]));

beforeAll(async () => {
  alertmanager = await startAlertmanager('route: { receiver: desk }\nreceivers: [{ name: desk }]\n');
  server = await startPrometheus({
    rules: armed + unarmed,
    metrics: metrics(0),
    alertmanager: alertmanager.url,
  });
  await until(async () => (await source().instant('job_seconds_count')).length === 1);
  await until(async () => (await source().rules()).every(({ health }) => health === 'ok'));
});
afterAll(async () => {
  await server?.stop();
  await alertmanager?.stop();
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => write(armed + unarmed));

const write = (text: string) => writeFileSync(join(root, 'shop.rules.yml'), text);

function context(url = server.url, signal = new AbortController().signal) {
  return testContext({
    root,
    signal,
    environment: { vars: { factor: '60' } },
    secrets: { PLANTED: 'hunter2-planted-secret-9f1c' },
    sources: {
      prometheus: async () => createPrometheus({ name: 'metrics', url }),
      alertmanager: async () => createAlertmanager({ name: 'pager', url: alertmanager.url }),
    },
  });
}

const rules = ['*.rules.yml'];
const quiet = ['LongQueue', 'SlowJobs'];
const measure = async (options: Partial<Parameters<typeof alerts.measure>[0]> = {}) =>
  (await alerts.measure({ rules, ...options }, context())).facts;

function unmet(facts: Awaited<ReturnType<typeof measure>>): string[] {
  const subject = { facts, schema: alerts.facts, needs: {} };
  for (const text of alerts.expect) expect(checkExpectation(text, alerts.facts as never)).toBeUndefined();
  return alerts.expect.filter((text) => evaluateExpectation(text, subject as never).outcome !== 'true');
}

kindContract(alerts as never, {
  working: { options: { rules }, makeContext: ({ signal }) => context(server.url, signal) },
  unreachable: {
    options: { rules },
    makeContext: ({ signal }) => context('http://127.0.0.1:1', signal),
  },
});

describe('alerts', () => {
  it('meets every default expectation for rules that are loaded, healthy, armed and quiet', async () => {
    const facts = await measure({ alerts: quiet, nothing_firing: true });
    expect(unmet(facts)).toEqual([]);
    expect(facts).toMatchObject({ rules_loaded: 5, rules_written: 5, alertmanager_asked: true });
    expect(facts.alerts.map(({ name }) => name)).toEqual(quiet);
    expect(facts.alerts[0]?.evaluated_age_seconds).toBeLessThan(60);
  });

  it('finds a quiet, healthy rule unarmed when a selector is empty', async () => {
    const facts = await measure({ alerts: ['Ghost'] });
    expect(facts.alerts).toMatchObject([
      { state: 'inactive', health: 'ok', armed: false, empty_selectors: ['no_such_metric{queue="a"}'] },
    ]);
    expect(unmet(facts)).toEqual(['size(unarmed) == 0']);
  });

  it('takes a rule for armed although the last scrape failed, and for unarmed after the lookback', async () => {
    server.expose('no metrics {');
    try {
      await until(async () => (await source().instant('queue_depth')).length === 0);
      expect((await measure({ alerts: quiet })).unarmed).toEqual([]);
      await until(async () => (await measure({ alerts: quiet, lookback: '1s' })).unarmed.length === 2);
    } finally {
      server.expose(metrics(0));
      await until(async () => (await source().instant('queue_depth')).length === 1);
    }
  });

  it.each([
    ['BetweenBounds', '3 is not a bucket bound of job_seconds_bucket, whose bounds are 2, 5'],
    ['AboveBounds', '5 is the highest finite bucket bound of job_seconds_bucket'],
  ])('finds %s unarmed, since the histogram can not tell its threshold', async (name, problem) => {
    const facts = await measure({ alerts: [name] });
    expect(facts.alerts[0]?.threshold_problems).toEqual([problem]);
    expect(facts.unarmed).toEqual([name]);
  });

  it('tells rules that were changed, left out or added since they were loaded', async () => {
    write(`${armed.replace('> 5', '> 50')}
      - alert: Fresh
        expr: queue_depth > 7
`);
    const facts = await measure();
    expect(facts.differing).toEqual([{ name: 'LongQueue', fields: ['query'] }]);
    expect(facts.missing).toEqual(['Fresh']);
    expect(facts.unexpected.sort()).toEqual(['AboveBounds', 'BetweenBounds', 'Ghost']);
    expect(facts.alerts.map(({ name, matches_repo }) => [name, matches_repo])).toEqual([
      ['LongQueue', false],
      ['SlowJobs', true],
      ['Fresh', false],
    ]);
    expect(facts.alerts[2]).toMatchObject({ state: 'absent', health: 'absent', armed: false, recent: false });
    expect(unmet(facts)).toEqual(expect.arrayContaining(['size(missing) == 0', 'size(differing) == 0']));
  });

  it('does not take undivided rules for divided ones', async () => {
    const facts = await measure({ alerts: quiet, divided_by: '${vars.factor}' });
    expect(facts.divided_by).toBe(60);
    const rehearsed = testContext({ ...context(), environment: { rehearse: 60 } });
    expect((await alerts.measure({ rules }, rehearsed)).facts.divided_by).toBe(60);
    expect(facts.differing.map(({ name }) => name)).toContain('SlowJobs');
    await expect(measure({ divided_by: '${vars.factor}x' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('tells an evaluation that is too long ago', async () => {
    const facts = await measure({ alerts: quiet, max_age: '0s' });
    expect(unmet(facts)).toEqual(['size(alerts) > 0 && alerts.all(a, a.recent)']);
  });

  it('sees an alert that fires, in Prometheus and in Alertmanager, and accepts it only with a reason', async () => {
    server.expose(metrics(9));
    await until(async () => (await states())['LongQueue'] === 'firing');
    const pager = createAlertmanager({ name: 'pager', url: alertmanager.url });
    await until(async () => (await pager.alerts()).length > 0);
    const facts = await measure({ alerts: quiet, nothing_firing: true });
    expect(facts.firing).toMatchObject([{ name: 'LongQueue', labels: { queue: 'a' } }]);
    expect(facts.alertmanager_active).toMatchObject([{ name: 'LongQueue', labels: { queue: 'a' } }]);
    expect(unmet(facts)).toHaveLength(3);
    expect(unmet(await measure({ alerts: ['SlowJobs'] }))).toEqual([]);
    expect(unmet(await measure({ alerts: ['SlowJobs'], nothing_firing: true }))).toHaveLength(2);
    const except = [{ alert: 'LongQueue', reason: 'the queue is filled on purpose' }];
    const accepted = await measure({ alerts: quiet, nothing_firing: true, except });
    expect(unmet(accepted)).toEqual([]);
    expect(accepted.excepted).toEqual(['LongQueue']);
  });

  it.each([
    ['no file', { rules: ['none/*.yml'] }, 'CONFIG_MISSING', armed],
    ['no rule', {}, 'NO_DATA', 'groups: []'],
    ['no such alert', { alerts: ['Typo'] }, 'CONFIG_INVALID', armed],
    [
      'a query that is none',
      {},
      'CONFIG_INVALID',
      'groups: [{ name: g, rules: [{ alert: A, expr: "sum(" }] }]',
    ],
    ['a file of another kind', {}, 'CONFIG_INVALID', 'hello'],
    ['a wait that is none', {}, 'CONFIG_INVALID', 'groups: [{ rules: [{ alert: A, expr: up, for: soon }] }]'],
  ])('refuses %s', async (_name, options, code, text) => {
    write(text);
    await expect(measure(options)).rejects.toMatchObject({ code });
  });
});
