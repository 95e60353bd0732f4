import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DatadogSimulator, datadogKeys, startDatadog } from '../../../testing/services/datadog.ts';
import { datadogModel, type Judge } from '../../../testing/services/datadog-model.ts';
import { type DeployTest, deployFile, kindsOf } from '../../../testing/services/deploying.ts';

const web = { name: 'web', url: 'https://a.example/health', interval: '60s', failure_threshold: 1 };
const login = {
  name: 'login',
  url: 'https://a.example/login',
  json: { password: '${secret.PASSWORD}' },
  capture: { token: '/token' },
  steps: [{ url: 'https://a.example/me', headers: { Authorization: 'Bearer ${capture.token}' } }],
};

describe('deploying to Datadog', () => {
  let judge: Judge;
  let datadog: DatadogSimulator;
  let at: DeployTest;
  beforeAll(async () => {
    judge = await datadogModel();
  });
  beforeEach(async () => {
    datadog = await startDatadog(judge);
    at = { to: 'datadog', url: datadog.url, env: datadogKeys, settings: {}, waits: [] };
  });
  afterEach(() => datadog.close());

  it('creates what is not there, and changes nothing the second time', async () => {
    datadog.variables.push('PASSWORD');
    const file = { checks: [web, login, { name: 'cert', type: 'tls', host: 'a.example' }] };
    expect(kindsOf(await deployFile(at, file))).toEqual(['create web', 'create login', 'create cert']);
    expect(datadog.tests.size).toBe(3);
    const { length } = datadog.changes;
    expect((await deployFile(at, file)).plan).toEqual({
      differences: [],
      unchanged: ['web', 'login', 'cert'],
    });
    expect(datadog.changes).toHaveLength(length);
  });

  it('tells field by field what it updates, pauses included, and keeps what the file does not decide', async () => {
    await deployFile(at, { checks: [web] });
    const [id = '', test] = [...datadog.tests][0] ?? [];
    datadog.tests.set(id, { ...test, options: { ...Object(test?.['options']), restricted_roles: ['r1'] } });
    const { plan } = await deployFile(at, { checks: [{ ...web, interval: '5m', active: false }] });
    expect(plan.differences).toMatchObject([
      {
        kind: 'update',
        check: 'web',
        changes: [
          { field: 'options.tick_every', from: 60, to: 300 },
          { field: 'status', from: 'live', to: 'paused' },
        ],
      },
    ]);
    expect(datadog.tests.get(id)).toMatchObject({
      status: 'paused',
      options: { tick_every: 300, restricted_roles: ['r1'] },
    });
  });

  it('sees what somebody changed by hand', async () => {
    await deployFile(at, { checks: [web] });
    const [id = '', test] = [...datadog.tests][0] ?? [];
    const config = Object(test?.['config']);
    const request = { ...config.request, basicAuth: { type: 'web', username: 'eve', password: 'x' } };
    datadog.tests.set(id, { ...test, config: { ...config, request } });
    const { plan } = await deployFile(at, { checks: [web] });
    expect(plan.differences).toMatchObject([{ kind: 'update', changes: [{ field: 'request.basicAuth' }] }]);
    expect((await deployFile(at, { checks: [web] })).plan.differences).toEqual([]);
  });

  it('deletes with --prune only, and never what is not its own', async () => {
    await deployFile(at, { checks: [web, { ...web, name: 'old' }] });
    await deployFile(at, { checks: [web] }, { environment: 'staging' });
    await deployFile(at, { checks: [web] }, { id: 'other-file' });
    datadog.tests.set('foreign', { public_id: 'foreign', name: 'web', tags: ['team:a'], type: 'api' });
    expect(kindsOf(await deployFile(at, { checks: [web] }, { prune: false }))).toEqual(['delete old']);
    expect(datadog.tests.size).toBe(5);
    expect(kindsOf(await deployFile(at, { checks: [web] }))).toEqual(['delete old']);
    expect(datadog.tests.size).toBe(4);
    expect(datadog.tests.get('foreign')).toEqual({
      public_id: 'foreign',
      name: 'web',
      tags: ['team:a'],
      type: 'api',
    });
  });

  it('finds its own on every page', async () => {
    const checks = Array.from({ length: 130 }, (_, index) => ({ ...web, name: `check-${index}` }));
    await deployFile(at, { checks });
    expect((await deployFile(at, { checks })).plan.unchanged).toHaveLength(130);
    const pages = datadog.requests
      .filter(({ method }) => method === 'GET')
      .map(({ query }) => query.get('page_number'));
    expect(pages).toEqual(['0', '0', '1']);
  });

  it('waits as long as a limit asks, and goes on', async () => {
    const post = ({ method }: { method: string }) => method === 'POST';
    datadog.inject({ kind: 'refuse', status: 429, headers: { 'x-ratelimit-reset': '7' } }, post);
    datadog.inject({ kind: 'refuse', status: 429, headers: { 'retry-after': '2' } }, post);
    datadog.inject({ kind: 'refuse', status: 503 }, ({ method }) => method === 'GET');
    const { applied } = await deployFile(at, { checks: [web] });
    expect(applied).toEqual([{ kind: 'create', check: 'web' }]);
    expect(at.waits).toEqual([500, 7_000, 2_000]);
  });

  it('gives up after six tries, with what the service said', async () => {
    for (let count = 0; count < 6; count += 1) datadog.inject({ kind: 'refuse', status: 503 });
    await expect(deployFile(at, { checks: [web] })).rejects.toMatchObject({
      code: 'SOURCE_ANSWER',
      message: 'Datadog answered 503 to GET /api/v1/synthetics/tests: {"errors":["not now"]}',
    });
    expect(at.waits).toEqual([500, 1_000, 2_000, 4_000, 8_000]);
    expect(datadog.changes).toEqual([]);
  });

  it('waits a minute at most, however long it is asked to', async () => {
    datadog.inject({ kind: 'refuse', status: 429, headers: { 'retry-after': '86400' } });
    await deployFile(at, { checks: [web] });
    expect(at.waits).toEqual([60_000]);
  });

  it.each(['cut', 'lie'] as const)(
    'makes no second test when the answer to a creation was lost: %s',
    async (kind) => {
      datadog.inject(kind === 'cut' ? { kind } : { kind, status: 502 }, ({ method }) => method === 'POST');
      const { applied } = await deployFile(at, { checks: [web] });
      expect(applied).toEqual([{ kind: 'create', check: 'web' }]);
      expect(datadog.tests.size).toBe(1);
    },
  );

  it('tries a creation again that was refused before it was carried out', async () => {
    datadog.inject({ kind: 'refuse', status: 502 }, ({ method }) => method === 'POST');
    const { applied } = await deployFile(at, { checks: [web] });
    expect(applied).toEqual([{ kind: 'create', check: 'web' }]);
    expect(datadog.tests.size).toBe(1);
  });

  it('tells which check failed, deploys the others, and finishes in the next run', async () => {
    const broken = ({ method, body }: { method: string; body: unknown }) =>
      method === 'POST' && Object(body).name === 'bad';
    datadog.inject({ kind: 'refuse', status: 400 }, broken);
    const file = { checks: [{ ...web, name: 'bad' }, web] };
    const { applied } = await deployFile(at, file);
    expect(applied).toEqual([
      {
        kind: 'create',
        check: 'bad',
        problem: 'Datadog answered 400 to POST /api/v1/synthetics/tests/api: {"errors":["not now"]}',
      },
      { kind: 'create', check: 'web' },
    ]);
    expect(kindsOf(await deployFile(at, file))).toEqual(['create bad']);
    expect(kindsOf(await deployFile(at, file))).toEqual([]);
  });

  it('changes nothing where a global variable is missing', async () => {
    await expect(deployFile(at, { checks: [login, web] })).rejects.toThrow(
      'Datadog has no global variable PASSWORD',
    );
    expect(datadog.changes).toEqual([]);
  });

  it('never says a credential, whatever the service says', async () => {
    const env = { DD_API_KEY: 'Forbidden', DD_APP_KEY: 'wrong-key' };
    const error = await deployFile({ ...at, env }, { checks: [web] }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SOURCE_ANSWER', hint: expect.stringContaining('DD_API_KEY') });
    expect(String(error)).toContain('[redacted]');
    expect(String(error)).not.toContain('Forbidden');
    const pasted = { ...datadogKeys, DD_API_KEY: 'abc\ndef' };
    await expect(deployFile({ ...at, env: pasted }, { checks: [web] })).rejects.toThrow(
      'DD_API_KEY holds a character that no key has',
    );
    await expect(deployFile({ ...at, env: {} }, { checks: [web] })).rejects.toThrow(
      'Datadog needs DD_API_KEY and DD_APP_KEY',
    );
  });

  it('sends keys to nobody but Datadog', async () => {
    for (const url of ['http://192.0.2.1', 'ftp://a.example', 'https://u:p@a.example'])
      await expect(deployFile({ ...at, url }, { checks: [web] })).rejects.toThrow(
        '--api-url takes an https URL',
      );
    const env = { ...datadogKeys, DD_SITE: 'evil.example/datadoghq.com' };
    await expect(deployFile({ ...at, env }, { checks: [web] })).rejects.toThrow('DD_SITE is not a site');
  });

  it('refuses two checks that tags can not tell apart', async () => {
    await expect(deployFile(at, { checks: [web, { ...web, name: 'Web' }] })).rejects.toThrow(
      '`web` and `Web` differ in capitals only',
    );
  });
});
