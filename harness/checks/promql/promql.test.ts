import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPrometheus } from '../../sources/prometheus.ts';
import { testContext } from '../../testing/context.ts';
import { startPrometheus, type TestPrometheus } from '../../testing/prometheus.ts';
import { kindContract } from '../contract.ts';
import promql from './promql.ts';

let server: TestPrometheus;
const silent = createServer(() => {});

const metrics = (orders: number) => `# TYPE orders_total counter
orders_total{shop="a"} ${orders}
orders_total{shop="b"} 2
ratio NaN
`;

beforeAll(async () => {
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  server = await startPrometheus({ metrics: `${metrics(1)}gone_total 3\n` });
  const source = createPrometheus({ name: 'metrics', url: server.url });
  await server.until(async () => (await source.instant('orders_total')).length === 2);
  server.expose(metrics(5));
  await server.until(async () => (await source.instant('orders_total == 5')).length === 1);
});

afterAll(async () => {
  silent.closeAllConnections();
  silent.close();
  await server?.stop();
});

function context(url = server.url, signal = new AbortController().signal) {
  return testContext({
    signal,
    clock: { now: () => new Date(), monotonic: () => performance.now() },
    environment: { vars: { shop: 'a' } },
    sources: { prometheus: async () => createPrometheus({ name: 'metrics', url }) },
    secrets: { PLANTED: 'hunter2-planted-secret-9f1c' },
  });
}

const measure = async (options: Parameters<typeof promql.measure>[0]) =>
  (await promql.measure(options, context())).facts;

kindContract(promql as never, {
  working: {
    options: { query: 'label_replace(sum(orders_total), "echo", "hunter2-planted-secret-9f1c", "", "")' },
    makeContext: ({ signal }) => context(server.url, signal),
  },
  hanging: {
    options: { query: 'up' },
    makeContext: ({ signal }) =>
      context(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`, signal),
  },
  unreachable: {
    options: { query: 'up' },
    makeContext: ({ signal }) => context('http://127.0.0.1:1', signal),
  },
});

describe('promql', () => {
  it('reads every series, their extremes and how old they are', async () => {
    const facts = await measure({ query: 'orders_total' });
    expect(facts).toMatchObject({ count: 2, points: 2, min: 2, max: 5, empty_selectors: [], non_finite: 0 });
    expect(facts.series.map(({ labels, value }) => [labels['shop'], value]).sort()).toEqual([
      ['a', 5],
      ['b', 2],
    ]);
    expect(facts.value).toBeUndefined();
    expect(facts.age_seconds).toBeLessThan(30);
  });

  it('gives the value when there is one series, and fills templates', async () => {
    expect(await measure({ query: 'orders_total{shop="${vars.shop}"}' })).toMatchObject({
      value: 5,
      count: 1,
    });
  });

  it('reads a range with first, newest, least and greatest value', async () => {
    const facts = await measure({ query: 'orders_total{shop="a"}', range: { for: '1m', step: '1s' } });
    expect(facts.series).toMatchObject([{ first: 1, value: 5, min: 1, max: 5 }]);
    expect(facts.points).toBeGreaterThan(1);
  });

  it('keeps the answer as evidence', async () => {
    const kept = context();
    await promql.measure({ query: 'sum(orders_total)' }, kept);
    expect(JSON.parse(kept.artifacts.get('answer.json') ?? '')).toMatchObject({
      query: 'sum(orders_total)',
      series: [{ points: [{ value: '7' }] }],
    });
  });

  it('takes no series for an error, unless that was declared', async () => {
    const query = 'no_such_metric';
    await expect(measure({ query })).rejects.toMatchObject({ code: 'NO_DATA' });
    expect(
      await measure({ query, allow_empty: { reason: 'it appears on the first failure' } }),
    ).toMatchObject({
      count: 0,
      empty_selectors: ['no_such_metric'],
    });
  });

  it('names the part that selects nothing behind an answer', async () => {
    const facts = await measure({ query: 'no_such_metric{a="b"} or vector(0)' });
    expect(facts).toMatchObject({ value: 0, empty_selectors: ['no_such_metric{a="b"}'] });
    expect(facts.age_seconds).toBeUndefined();
  });

  it('tells how old a sample is that only a range still reaches', async () => {
    await expect(measure({ query: 'gone_total' })).rejects.toMatchObject({ code: 'NO_DATA' });
    const facts = await measure({ query: 'last_over_time(gone_total[10m])' });
    expect(facts).toMatchObject({ value: 3, empty_selectors: [] });
    expect(facts.age_seconds).toBeGreaterThan(0);
  });

  it('tells the age behind a selector of several metrics', async () => {
    const facts = await measure({ query: 'count({__name__=~"scrape_.*"})' });
    expect(facts.value).toBeGreaterThan(1);
    expect(facts.age_seconds).toBeLessThan(30);
  });

  it.each(['ratio', 'vector(1/0)', 'vector(-1/0)'])('takes %s for an error', async (query) => {
    await expect(measure({ query })).rejects.toMatchObject({ code: 'NO_DATA' });
  });

  it('leaves NaN out and counts it where that was declared', async () => {
    const allow = { allow_non_finite: { reason: 'nothing was sold yet' } };
    expect(await measure({ query: 'ratio or orders_total', ...allow })).toMatchObject({
      count: 2,
      non_finite: 1,
    });
    await expect(measure({ query: 'ratio', ...allow })).rejects.toMatchObject({ code: 'NO_DATA' });
  });

  it('refuses more series than it may keep', async () => {
    await expect(measure({ query: 'orders_total', max_series: 1 })).rejects.toMatchObject({
      code: 'EVIDENCE_TOO_LARGE',
    });
  });

  it('refuses a query that does not parse, when linting and when measuring', async () => {
    const reported: string[] = [];
    const report = (_path: readonly (string | number)[], message: string) => void reported.push(message);
    await promql.lint?.({ query: 'sum(' }, { root: '.', environment: undefined, report });
    expect(reported).toEqual([expect.stringContaining('column')]);
    await expect(measure({ query: 'sum(' })).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
  });
});
