import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkExpectation, evaluateExpectation } from '../../gate/evaluate.ts';
import { createPrometheus } from '../../sources/prometheus.ts';
import { testContext } from '../../testing/context.ts';
import { startPrometheus, type TestPrometheus, until } from '../../testing/prometheus.ts';
import { kindContract } from '../contract.ts';
import dashboards from './dashboards.ts';

const root = mkdtempSync(join(tmpdir(), 'countersign-dashboards-'));
let server: TestPrometheus;
let orders = 1;
const metrics = () => `orders_total{shop="a.b"} ${orders}
orders_total{shop="c"} ${orders}
echo{value="hunter2-planted-secret-9f1c"} 1
broken NaN
`;

beforeAll(async () => {
  server = await startPrometheus({ metrics: metrics() });
  const source = createPrometheus({ name: 'metrics', url: server.url });
  await until(async () => {
    orders += 1;
    server.expose(metrics());
    return (await source.instant('rate(orders_total[10s]) > 0')).length === 2;
  });
});
afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

const prometheus = { type: 'prometheus', uid: 'any' };
type Json = Record<string, unknown>;
const panel = (title: string, ...exprs: string[]): Json => ({
  title,
  type: 'timeseries',
  datasource: prometheus,
  targets: exprs.map((expr) => ({ expr })),
});
const shops = { name: 'shop', type: 'query', query: { query: 'label_values(orders_total, shop)' } };
const good = panel('Orders', 'sum by (shop) (rate(orders_total{shop=~"$shop"}[$__rate_interval]))');

function write(panels: Json[], variables: Json[] = [shops], name = 'shop.json'): void {
  const dashboard = { uid: name, title: 'Shop', templating: { list: variables }, panels };
  writeFileSync(join(root, name), JSON.stringify(dashboard));
}

function context(url = server.url, signal = new AbortController().signal) {
  return testContext({
    root,
    signal,
    clock: { now: () => new Date(), monotonic: () => performance.now() },
    secrets: { PLANTED: 'hunter2-planted-secret-9f1c' },
    sources: { prometheus: async () => createPrometheus({ name: 'metrics', url }) },
  });
}

const files = ['shop.json'];
const options = { files, rate_interval: '10s', within: '1m' };
const measure = async (more: Partial<Parameters<typeof dashboards.measure>[0]> = {}) =>
  (await dashboards.measure({ ...options, ...more }, context())).facts;

function unmet(facts: Awaited<ReturnType<typeof measure>>): string[] {
  for (const text of dashboards.expect) {
    expect(checkExpectation(text, dashboards.facts as never)).toBeUndefined();
  }
  const subject = { facts, schema: dashboards.facts, needs: {} };
  return dashboards.expect.filter((text) => evaluateExpectation(text, subject as never).outcome !== 'true');
}

const prepared = (url: () => string) => ({
  options: { files },
  makeContext: ({ signal }: { signal: AbortSignal }) => {
    write(
      [panel('Echo', 'echo{value="$value"}')],
      [{ name: 'value', type: 'query', query: 'label_values(echo, value)' }],
    );
    return context(url(), signal);
  },
});

kindContract(dashboards as never, {
  working: prepared(() => server.url),
  unreachable: prepared(() => 'http://127.0.0.1:1'),
});

describe('dashboards', () => {
  it('runs every query for every value of the variables and finds fresh data', async () => {
    write([{ type: 'text', title: 'About' }, good]);
    const facts = await measure({ panels: ['Orders'] });
    expect(unmet(facts)).toEqual([]);
    expect(facts).toMatchObject({ queries_run: 2, panels: [{ title: 'About' }, { series: 2, fresh: true }] });
    expect(facts.panels[1]?.age_seconds).toBeLessThan(60);
  });

  it('looks into collapsed rows', async () => {
    write([{ type: 'row', title: 'More', collapsed: true, panels: [panel('Inside', 'no_such_metric')] }]);
    expect((await measure()).empty).toEqual(['Inside']);
  });

  it('misses panels by title', async () => {
    write([good]);
    const facts = await measure({ panels: ['Orders', 'Refunds'] });
    expect(facts.missing_panels).toEqual(['Refunds']);
    expect(unmet(facts)).toEqual(['size(missing_panels) == 0']);
  });

  it.each<[string, Json, Json[], string, string]>([
    ['a panel without queries', panel('P'), [], 'problems', 'P: it has no query'],
    ['a panel without `targets`', { type: 'stat', title: 'P' }, [], 'problems', 'P: it has no query'],
    ['an empty query', panel('P', ''), [], 'problems', 'P: it has an empty query'],
    [
      'a library panel',
      { ...good, libraryPanel: {} },
      [shops],
      'problems',
      'Orders: it is a library panel, whose queries are not in the file',
    ],
    [
      'an unknown variable',
      panel('P', 'up{job="$typo"}'),
      [],
      'problems',
      'P: the variable `typo` is not defined',
    ],
    ['a query that does not parse', panel('P', 'sum('), [], 'unparsable', 'P: sum( (column 5)'],
    ['a metric that is not there', panel('P', 'oders_total'), [], 'empty', 'P'],
    ['only NaN', panel('P', 'broken'), [], 'idle', 'P'],
    [
      'LogQL without a selector',
      { ...panel('P', '|= "x"'), datasource: { type: 'loki' } },
      [],
      'unparsable',
      'P: |= "x" (no stream selector)',
    ],
  ])('finds %s', async (_name, broken, variables, fact, text) => {
    write([broken, panel('Other', 'orders_total')], variables);
    const facts = await measure();
    expect(facts[fact as 'problems']).toContain(text);
    expect(unmet(facts)).toContain(`size(${fact}) == 0`);
  });

  it('finds a value of a variable without data, and names it', async () => {
    write([panel('Orders', 'orders_total{shop="$shop"} and orders_total{shop="c"}')]);
    expect((await measure()).empty).toEqual(['Orders [shop=a.b]']);
    expect((await measure({ every_value: false })).empty).toEqual([]);
    expect(unmet(await measure({ variables: { shop: ['c'] } }))).toEqual([]);
  });

  it('escapes a value for the regular expression that it stands in', async () => {
    write([panel('Orders', 'orders_total{shop=~"${shop:regex}"}')]);
    const kept = context();
    await dashboards.measure(options, kept);
    expect(JSON.parse(kept.artifacts.get('queries.json') ?? '')[0].query).toBe(
      'orders_total{shop=~"a\\\\.b"}',
    );
  });

  it('finds data that is too old', async () => {
    write([good]);
    const facts = await measure({ max_age: '0s' });
    expect(unmet(facts)).toEqual(['size(stale) == 0']);
    expect(unmet(await measure({ max_age: '0s', except: [{ panel: 'Orders', reason: 'closed' }] }))).toEqual(
      [],
    );
  });

  it('keeps what Prometheus refuses apart from what it can not answer', async () => {
    write([panel('P', 'rate(orders_total)')]);
    const facts = await measure();
    expect(facts.failing).toEqual([expect.stringContaining('expected type range vector')]);
    expect(unmet(facts)).toContain('size(failing) == 0');
  });

  it('finds variables without a value or of an unknown form, and too many combinations', async () => {
    write([good], [{ ...shops, query: 'label_values(no_such_metric, shop)' }]);
    expect((await measure()).problems).toEqual(['shop.json: the variable `shop` has no value']);
    write([good], [{ ...shops, query: 'query_result(up)' }]);
    expect((await measure()).problems).toEqual([
      'shop.json: the variable `shop` has a query of an unknown form',
    ]);
    write([good]);
    expect((await measure({ max_combinations: 1 })).problems).toEqual([
      'Orders: 2 combinations of values, of which 1 were run',
    ]);
  });

  it('resolves a variable from an earlier one, and fixed ones', async () => {
    write(
      [panel('P', 'orders_total{shop=~"$one"} > [[least]]')],
      [
        { name: 'least', type: 'constant', query: '0' },
        { name: 'pattern', type: 'custom', query: 'Letter c : c,x' },
        { name: 'one', type: 'query', query: 'label_values(orders_total{shop=~"$pattern"}, shop)' },
      ],
    );
    expect(await measure()).toMatchObject({ queries_run: 1, panels: [{ series: 1 }] });
  });

  it('marks log panels as unchecked', async () => {
    write([good, { ...panel('Logs', '{job="a"} |= "x"'), type: 'logs', datasource: { type: 'loki' } }]);
    const facts = await measure();
    expect(facts.unchecked).toEqual(['Logs']);
    expect(unmet(facts)).toEqual([]);
  });

  it('does not pass when no query was run', async () => {
    write([{ type: 'text', title: 'About' }]);
    expect(unmet(await measure())).toEqual(['queries_run > 0']);
  });

  it('finds identities that occur twice', async () => {
    write([
      { ...good, id: 1 },
      { ...panel('P', 'up'), id: 1 },
    ]);
    expect((await measure()).problems).toEqual(['shop.json: two panels have the id 1']);
    write([good], [shops], 'copy.json');
    writeFileSync(
      join(root, 'shop.json'),
      JSON.stringify({ uid: 'copy.json', title: 'Shop', panels: [good] }),
    );
    const facts = await measure({ files: ['copy.json', 'shop.json'] });
    expect(facts.problems).toContain('two dashboards have the uid `copy.json`');
  });

  it.each([
    ['no file', '{}', ['none.json'], 'CONFIG_MISSING'],
    ['no JSON', 'hello', files, 'CONFIG_INVALID'],
    ['no panels', '{}', files, 'CONFIG_INVALID'],
    ['an empty list of panels', '{"panels":[]}', files, 'NO_DATA'],
  ])('refuses %s', async (_name, text, which, code) => {
    writeFileSync(join(root, 'shop.json'), text);
    await expect(measure({ files: which })).rejects.toMatchObject({ code });
  });
});
