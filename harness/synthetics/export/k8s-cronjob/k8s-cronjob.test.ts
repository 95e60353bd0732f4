import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runCli } from '../../../testing/cli.ts';
import { exportable } from '../../../testing/exportable.ts';
import { cacheFolder, fillOnce } from '../../../tools/cache.ts';
import { mustRun, runProgram } from '../../../tools/run.ts';
import { target } from './k8s-cronjob.ts';
import { scheduleOf } from './schedule.ts';

const exported = (file: Record<string, unknown>, settings = {}) => {
  const { files, losses } = target.export(exportable(file), { settings });
  const text = files[0]?.text ?? '';
  const [configMap, ...jobs] = parseAllDocuments(text).map((document) => document.toJS());
  return {
    text,
    configMap,
    jobs,
    losses: losses.map(({ check, field, became }) => [check, field, became].filter(Boolean)),
  };
};

const web = {
  name: 'web',
  url: 'http://a.example',
  headers: { Authorization: 'Bearer ${secret.api-token}' },
};

describe('k8s-cronjob', () => {
  it('runs one check by its name, with secrets from a Secret and no rights', () => {
    const { jobs, losses } = exported(
      { checks: [{ ...web, interval: '5m', timeout: '30s', retries: { count: 2, delay: '5s' } }] },
      { image: 'r.example/countersign:1', namespace: 'ops', secret: 'probe-secrets' },
    );
    expect(losses).toEqual([]);
    expect(jobs).toMatchObject([
      {
        metadata: { name: 'synthetic-web', namespace: 'ops', labels: { check: 'web' } },
        spec: {
          schedule: expect.stringMatching(/^(\*|[1-4]-59)\/5 \* \* \* \*$/),
          suspend: false,
          concurrencyPolicy: 'Forbid',
          jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 160 } },
        },
      },
    ]);
    expect(jobs[0].spec.jobTemplate.spec.template.spec.containers).toMatchObject([
      {
        image: 'r.example/countersign:1',
        args: expect.arrayContaining(['--check', 'web']),
        env: [
          { name: 'api_token', valueFrom: { secretKeyRef: { name: 'probe-secrets', key: 'api-token' } } },
        ],
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
      },
    ]);
  });

  it('names what a Job does not do', () => {
    const check = {
      ...web,
      failure_threshold: 5,
      depends_on: ['x'],
      locations: ['lagos'],
      maintenance: ['m'],
      interval: '90s',
    };
    const { losses, jobs } = exported({ checks: [{ ...check, active: false }], alerting: { rules: [] } });
    expect(losses).toEqual([
      ['web', 'failure_threshold'],
      ['web', 'depends_on'],
      ['web', 'locations'],
      ['web', 'maintenance'],
      ['web', 'interval', '1m'],
    ]);
    expect(jobs[0].spec.suspend).toBe(true);
  });

  it('gives each check a name that Kubernetes takes', () => {
    const names = ['a_b', 'a-b', `Very_${'long'.repeat(14)}`];
    const { jobs } = exported({ checks: names.map((name) => ({ name, url: 'http://a.example' })) });
    const own = jobs.map((job) => job.metadata.name as string);
    expect(new Set(own).size).toBe(3);
    for (const name of own) expect(name).toMatch(/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/);
  });

  it('comes as often as the check says, or the next that cron can, and more often', () => {
    expect(scheduleOf('a', '1m')).toEqual({ cron: '* * * * *' });
    expect(scheduleOf('a', '10s')).toEqual({ cron: '* * * * *', became: '1m' });
    expect(scheduleOf('a', '7m').became).toBe('6m');
    expect(scheduleOf('a', '7h').became).toBe('6h');
    expect(scheduleOf('a', '3d').became).toBe('1d');
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 3 * 1440 }), (name, minutes) => {
        const { cron, became } = scheduleOf(name, `${minutes}m`);
        const perDay = timesADay(cron);
        const wanted = 1440 / minutes;
        return became === undefined ? perDay === wanted : perDay > wanted;
      }),
    );
  });
});

/** Counted as cron would. */
function timesADay(cron: string): number {
  const [minute = '', hour = ''] = cron.split(' ');
  return countIn(minute, 60) * countIn(hour, 24);
}

function countIn(field: string, size: number): number {
  if (field === '*') return size;
  const [, first = '0', step] = /^(?:\*|(\d+)-\d+)\/(\d+)$/.exec(field) ?? [];
  return step === undefined ? 1 : Math.ceil((size - Number(first)) / Number(step));
}

const everything = {
  checks: [
    { ...web, description: 'It is "up": $5', labels: { team: 'shop', note: 'two words' }, interval: '6h' },
    { name: 'page', type: 'browser', file: 'page.spec.ts' },
  ],
};

const release = 'v1.37.0-local-strict';
const schemas = join(cacheFolder(process.env), 'kubernetes-schemas', release);
const kinds = ['cronjob-batch-v1', 'configmap-v1'];

/** As a package of PyPI has them; brought by pip on first use, into the cache. */
beforeAll(async () => {
  await fillOnce(schemas, async (temporary) => {
    const options = { cwd: temporary, timeoutMs: 180_000 };
    const download = ['-m', 'pip', 'download', '-q', '--no-deps', 'kubernetes-validate==1.37.0'];
    await mustRun('python3', download, options);
    const script = join(import.meta.dirname, 'fixtures', 'take-schemas.py');
    const folder = `kubernetes_validate/kubernetes-json-schema/${release}`;
    await mustRun('python3', [script, '*.whl', folder, ...kinds], options);
    for (const file of await readdir(temporary)) if (file.endsWith('.whl')) await rm(join(temporary, file));
  });
}, 200_000);

describe("Kubernetes' own schemas", () => {
  it('accept every manifest, and refuse a field that is not there', async () => {
    const ajv = new Ajv2020({ strict: false, logger: false });
    const compiled = kinds.map(async (kind) =>
      ajv.compile(JSON.parse(await readFile(join(schemas, `${kind}.json`), 'utf8'))),
    );
    const [cronJob, configMap] = await Promise.all(compiled);
    const { configMap: own, jobs } = exported(everything, { namespace: 'ops' });
    expect([configMap?.(own), configMap?.errors]).toEqual([true, null]);
    for (const job of jobs) expect([cronJob?.(job), cronJob?.errors]).toEqual([true, null]);
    expect(cronJob?.({ ...jobs[0], spec: { ...jobs[0].spec, scheduel: '* * * * *' } })).toBe(false);
  });
});

const kubeconform = (await runProgram('kubeconform', ['-v'])).code === 0;

describe.runIf(kubeconform)('kubeconform, which is on PATH', () => {
  it('accepts every manifest', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-kubeconform-'));
    const file = join(folder, 'synthetics.yaml');
    await writeFile(file, exported(everything).text);
    const location = join(schemas, '{{.ResourceKind}}{{.KindSuffix}}.json');
    const output = await mustRun('kubeconform', ['-strict', '-summary', '-schema-location', location, file]);
    expect(output).toContain('Valid: 3, Invalid: 0, Errors: 0, Skipped: 0');
    await rm(folder, { recursive: true });
  });
});

describe('the command of a Job', () => {
  let server: Server;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-cronjob-'));
    server = createServer((request, response) => {
      response.writeHead(request.headers.authorization === 'Bearer t0ken' ? 200 : 401).end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    await rm(folder, { recursive: true });
  });

  it('probes by the file of the ConfigMap, with the secret as a variable', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { configMap, jobs } = exported({
      checks: [
        { ...web, url },
        { name: 'other', url: 'http://127.0.0.1:1' },
      ],
    });
    await writeFile(join(folder, 'checks.yml'), configMap.data['checks.yml']);
    const [{ args, env }] = jobs[0].spec.jobTemplate.spec.template.spec.containers;
    const here = args.map((arg: string) => arg.replace('/etc/countersign', folder));
    const { exit, stdout, stderr } = await runCli(folder, here, { [env[0].name]: 't0ken' });
    expect({ exit, stderr }).toMatchObject({ exit: 0 });
    expect(JSON.parse(stdout).checks).toMatchObject([{ check: 'web', state: 'passed' }]);
    expect((await runCli(folder, here, { [env[0].name]: 'wrong' })).exit).toBe(1);
  });
});
