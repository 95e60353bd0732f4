import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type TestContextOptions, testContext } from '../../testing/context.ts';
import { type DatadogSimulator, datadogKeys, startDatadog } from '../../testing/services/datadog.ts';
import { datadogModel } from '../../testing/services/datadog-model.ts';
import { deployFile } from '../../testing/services/deploying.ts';
import { kindContract } from '../contract.ts';
import synthetics from './synthetics.ts';

let root: string;
let server: Server;
let baseUrl: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/never') return;
    response.writeHead(request.url === '/broken' ? 500 : 200);
    response.end(`ok, ${request.headers['authorization'] ?? 'whoever you are'}`);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  root = await mkdtemp(join(tmpdir(), 'countersign-synthetics-'));
  const declared = {
    title: 'Test',
    rehearsal: true,
    vars: { service_url: baseUrl },
    secrets: { PLANTED: { env: 'PLANTED' } },
  };
  await mkdir(join(root, 'checklists'));
  await writeFile(join(root, 'checklists/environments.yml'), stringify({ environments: { test: declared } }));
  const check = (name: string, more: object = {}) => ({ name, url: `\${BASE_URL}/${name}`, ...more });
  const environments = { test: { base_url: '${vars.service_url}' } };
  const authorized = { headers: { authorization: 'Bearer ${secret.PLANTED}' } };
  const write = (name: string, checks: object[]) =>
    writeFile(join(root, name), stringify({ version: '1.0', checks, environments }));
  await write('whole.yml', [check('health', { tags: ['core'], ...authorized }), check('shop')]);
  await write('bad.yml', [
    check('health', authorized),
    check('broken'),
    check('keyless', { headers: { a: '${secret.NONE}' } }),
  ]);
  await writeFile(join(root, 'token'), 'from-a-file-4711\n');
  const ownSecrets = { PLANTED: { env: 'PLANTED' }, FILED: { file: 'token' } };
  const echoed = { headers: { authorization: 'Bearer ${secret.FILED}', 'x-other': '${secret.PLANTED}' } };
  await writeFile(
    join(root, 'own.yml'),
    stringify({
      version: '1.0',
      checks: [check('echo', echoed)],
      environments: { test: { base_url: '${vars.service_url}', secrets: ownSecrets } },
    }),
  );
  await write('keyless.yml', [check('health'), check('keyless', { headers: { a: '${secret.NONE}' } })]);
  await write('odd.yml', [check('health', { depends_on: ['nobody'] })]);
  await write('hanging.yml', [check('never')]);
  await write('deployed.yml', [{ name: 'web', url: 'https://a.example/health' }]);
  await write('broken.yml', [{ name: 'health' }]);
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(root, { recursive: true, force: true });
});

const context = (options: TestContextOptions = {}) =>
  testContext({
    root,
    secrets: { PLANTED: 'hunter2-hunter2' },
    ...options,
    environment: { vars: { service_url: baseUrl }, ...options.environment },
  });
const measure = async (options: Parameters<typeof synthetics.measure>[0], used = context()) =>
  (await synthetics.measure(options, used)).facts;

describe('synthetics', () => {
  it('reads secrets of the file where it can, those of the environment else, and shows none', async () => {
    const used = context();
    expect(await measure({ file: 'own.yml' }, used)).toMatchObject({ passed: 1 });
    const seen = used.artifacts.get('observations.json') ?? '';
    expect(seen).toContain('ok, Bearer [redacted]');
    expect(seen).not.toContain('from-a-file');
  });

  it('checks the file, probes everything once, and keeps what was seen', async () => {
    const used = context();
    const facts = await measure({ file: 'whole.yml' }, used);
    expect(facts).toMatchObject({
      file: 'whole.yml',
      declared: 2,
      problems: 0,
      findings: [],
      probed: 2,
      passed: 2,
      failed: 0,
      checks: [
        { name: 'health', type: 'http', state: 'passed', reason: '', attempts: 1 },
        { name: 'shop', state: 'passed' },
      ],
    });
    expect(JSON.parse(used.artifacts.get('observations.json') ?? '')).toHaveLength(2);
  });

  it('probes what is chosen', async () => {
    expect(await measure({ file: 'whole.yml', tags: ['core'] })).toMatchObject({ declared: 2, probed: 1 });
    expect(await measure({ file: 'whole.yml', checks: ['shop'] })).toMatchObject({
      checks: [{ name: 'shop' }],
    });
    await expect(measure({ file: 'whole.yml', tags: ['none'] })).rejects.toMatchObject({ code: 'NO_DATA' });
  });

  it('counts what failed, beside what could not be probed', async () => {
    const facts = await measure({ file: 'bad.yml' });
    expect(facts).toMatchObject({ probed: 3, passed: 1, failed: 1, errors: 1 });
    expect(facts.checks[1]).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('answered 500'),
    });
  });

  it('gives an error, never facts, when some could not be probed and none failed', async () => {
    await expect(measure({ file: 'keyless.yml' })).rejects.toMatchObject({
      code: 'NO_DATA',
      message: expect.stringMatching(/^1 of 2 checks could not be probed: .*NONE/),
    });
  });

  it('only checks the file in the mode lint', async () => {
    expect(await measure({ file: 'odd.yml', mode: 'lint' })).toMatchObject({
      declared: 1,
      problems: 1,
      findings: [expect.stringMatching(/^odd\.yml:\d+:\d+ there is no check `nobody`$/)],
      probed: 0,
      checks: [],
    });
  });

  it.each([
    ['broken.yml', 'CONFIG_INVALID', 'lacks `url`'],
    ['none.yml', 'CONFIG_MISSING', 'there is no such file'],
  ])('gives an error for %s', async (file, code, message) => {
    await expect(measure({ file, mode: 'lint' })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  describe('with a service that holds the checks', () => {
    let datadog: DatadogSimulator;
    beforeAll(async () => {
      datadog = await startDatadog(await datadogModel());
    });
    afterAll(() => datadog.close());
    const asked = (more: object = {}) => ({
      file: 'deployed.yml',
      mode: 'lint' as const,
      exported: {
        to: 'datadog',
        api_url: datadog.url,
        credentials: { DD_API_KEY: '${secret.KEY}', DD_APP_KEY: '${secret.APP}' },
        ...more,
      },
    });
    const keys = () => context({ secrets: { KEY: datadogKeys.DD_API_KEY, APP: datadogKeys.DD_APP_KEY } });

    it('tells what is not there, what differs, and that nothing does', async () => {
      const before = await measure(asked(), keys());
      expect(before).toMatchObject({ exported_to: 'datadog', differences: ['web is not there'] });
      const file = { checks: [{ name: 'web', url: 'https://a.example/health' }] };
      const at = { to: 'datadog', url: datadog.url, env: datadogKeys, settings: {}, waits: [] };
      await deployFile(at, file, { id: 'deployed', environment: 'test' });
      expect((await measure(asked(), keys())).differences).toEqual([]);
      const [id = '', test] = [...datadog.tests][0] ?? [];
      datadog.tests.set(id, { ...test, status: 'paused' });
      expect((await measure(asked(), keys())).differences).toEqual(['web differs in status']);
    });

    it('gives an error when it can not be asked', async () => {
      await expect(measure(asked({ credentials: {} }), keys())).rejects.toMatchObject({
        code: 'SECRET_MISSING',
      });
      const wrong = { DD_API_KEY: 'x', DD_APP_KEY: 'y' };
      await expect(measure(asked({ credentials: wrong }), keys())).rejects.toMatchObject({
        code: expect.stringMatching(/SECRET|SOURCE/),
      });
    });
  });

  it('finds when linting a gate that there is no such file', async () => {
    const found: string[] = [];
    const report = (path: unknown, message: string) => void found.push(`${path} ${message}`);
    await synthetics.lint?.({ file: 'none.yml' }, { root, environment: undefined, report });
    await synthetics.lint?.({ file: 'whole.yml' }, { root, environment: undefined, report });
    expect(found).toEqual(['file there is no file `none.yml`']);
  });
});

kindContract(synthetics, {
  working: {
    options: { file: 'whole.yml' },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }),
  },
  hanging: {
    options: { file: 'hanging.yml' },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }),
  },
  unreachable: {
    options: { file: 'keyless.yml' },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }),
  },
});
