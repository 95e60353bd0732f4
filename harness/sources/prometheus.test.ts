import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPrometheus, type TestPrometheus, until } from '../testing/prometheus.ts';
import { createPrometheus } from './prometheus.ts';

const rules = `
groups:
  - name: demo
    rules:
      - alert: TooMany
        expr: sum by (shop) (demo_orders_total) > 5
        for: 1s
        labels: { severity: warning }
        annotations: { summary: 'orders of {{ $labels.shop }}' }
      - record: shop:orders:sum
        expr: sum by (shop) (demo_orders_total)
`;

let server: TestPrometheus;
const source = () => createPrometheus({ name: 'metrics', url: server.url });

beforeAll(async () => {
  server = await startPrometheus({
    rules,
    metrics: `# HELP demo_orders_total Orders taken.
# TYPE demo_orders_total counter
demo_orders_total{shop="a"} 7
demo_orders_total{shop="b"} 0.1
`,
  });
  await server.until(async () => (await source().instant('shop:orders:sum')).length === 2);
});

afterAll(() => server?.stop());

describe('a real Prometheus', () => {
  it('answers an instant query with labels, the name and the text of each value', async () => {
    const found = await source().instant('demo_orders_total');
    expect(found.map(({ labels, value }) => [labels['__name__'], labels['shop'], value]).sort()).toEqual([
      ['demo_orders_total', 'a', '7'],
      ['demo_orders_total', 'b', '0.1'],
    ]);
    expect(Math.abs((found[0]?.at ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  });

  it('keeps NaN, infinities and long numbers as they were sent', async () => {
    expect((await source().instant('vector(0/0)'))[0]?.value).toBe('NaN');
    expect((await source().instant('vector(1/0)'))[0]?.value).toBe('+Inf');
    expect((await source().instant('vector(9007199254740993)'))[0]?.value).toBe('9007199254740992');
    expect((await source().instant('scalar(vector(4))'))[0]).toMatchObject({ labels: {}, value: '4' });
  });

  it('answers a query for nothing with nothing', async () => {
    expect(await source().instant('no_such_metric')).toEqual([]);
  });

  it('takes the newest point of a range selector', async () => {
    const found = await source().instant('demo_orders_total{shop="a"}[30s]');
    expect(found).toHaveLength(1);
    expect(found[0]?.value).toBe('7');
  });

  it('answers a range query with every point', async () => {
    const end = new Date();
    const [series] = await source().range('demo_orders_total{shop="a"}', {
      start: new Date(end.getTime() - 2_000),
      end,
      step: 1,
    });
    expect(series?.labels['shop']).toBe('a');
    expect(series?.points.at(-1)?.value).toBe('7');
  });

  it('lists series, metadata and targets', async () => {
    const series = await source().series(['demo_orders_total']);
    expect(series.map((labels) => labels['shop']).sort()).toEqual(['a', 'b']);
    expect((await source().metadata())['demo_orders_total']).toMatchObject({ type: 'counter' });
    expect(await source().targets()).toMatchObject([{ job: 'app', health: 'up', lastError: '' }]);
  });

  it('tells the state of every rule', async () => {
    await until(async () => (await source().rules()).some(({ state }) => state === 'firing'));
    const loaded = await source().rules();
    expect(loaded.map(({ name, type }) => [name, type])).toEqual([
      ['TooMany', 'alerting'],
      ['shop:orders:sum', 'recording'],
    ]);
    expect(loaded[0]).toMatchObject({
      group: 'demo',
      query: 'sum by (shop) (demo_orders_total) > 5',
      duration: 1,
      labels: { severity: 'warning' },
      health: 'ok',
      alerts: [{ state: 'firing', labels: { shop: 'a' } }],
    });
  });

  it('refuses a query that the server refuses, with the reason of the server', async () => {
    await expect(source().instant('sum(')).rejects.toMatchObject({
      code: 'SOURCE_ANSWER',
      message: expect.stringContaining('parse error'),
    });
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort();
    await expect(source().instant('up', { signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('something else', () => {
  async function answering(body: string, status = 200): Promise<[string, () => void]> {
    const other = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' }).end(body);
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    return [`http://127.0.0.1:${(other.address() as AddressInfo).port}`, () => other.close()];
  }

  it.each([
    ['a page', '<html>', 200],
    ['an empty answer', '', 200],
    ['an error without JSON', 'no', 502],
    ['a redirect', '', 302],
    ['an answer without data', '{"status":"success"}', 200],
    [
      'a value that is a number',
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,2]}]}}',
      200,
    ],
    [
      'partial data',
      '{"status":"success","warnings":["store is down"],"data":{"resultType":"vector","result":[]}}',
      200,
    ],
  ])('refuses %s', async (_name, body, status) => {
    const [url, close] = await answering(body, status);
    await expect(createPrometheus({ name: 'x', url }).instant('up')).rejects.toMatchObject({
      code: 'SOURCE_ANSWER',
    });
    close();
  });

  it('says that nobody answers, without a secret header', async () => {
    const [url, close] = await answering('');
    close();
    const headers = { authorization: 'Bearer hidden-token' };
    const asked = createPrometheus({ name: 'x', url, headers }).rules();
    await expect(asked).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    await expect(asked).rejects.not.toThrow(/hidden-token/);
  });
});
