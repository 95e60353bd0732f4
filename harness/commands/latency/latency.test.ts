import { readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runCli, testProject } from '../../testing/cli.ts';
import { findTool } from '../../tools/find.ts';

let root: string;
let server: Server;
let k6: string;
let status = 200;

const script = `import { check } from 'k6';
import http from 'k6/http';
export default function (): void {
  const answer = http.get(\`\${__ENV.BASE_URL}/it\`, { headers: { token: __ENV.TOKEN ?? '' } });
  check(answer, { 'answers 200': ({ status }) => status === 200 });
}
`;

beforeAll(async () => {
  k6 = (await findTool('k6', { env, bring: true })).path;
  server = createServer((_request, response) => void response.writeHead(status).end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environments = {
    here: { title: 'Here', rehearsal: true, writes: true, sources: { service: { kind: 'http', url } } },
    quiet: { title: 'Quiet', rehearsal: false, sources: { service: { kind: 'http', url } } },
  };
  root = await testProject({
    'checklists/environments.yml': JSON.stringify({ environments }),
    'probe.ts': script,
    'calm.ts': script.replace('{ check }', '{ check, sleep }').replace(/}\n$/, '  sleep(0.05);\n}\n'),
    'parts.ts': `import { it } from './probe.ts';\n${script}`,
  });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(root, { recursive: true });
});

const run = (...args: string[]) => runCli(root, ['latency', 'run', ...args], { COUNTERSIGN_K6: k6 });
const load = ['--env', 'here', '--iterations', '5', '--threshold', 'http_req_duration=p(95)<5000'];

describe('latency run', () => {
  it('prints what it measured, keeps the evidence and saves the facts', async () => {
    const { exit, stdout, stderr } = await run('probe.ts', ...load, '--save', 'facts.json');
    expect({ exit, stderr }).toMatchObject({ exit: 0 });
    expect(stdout).toContain('requests   5, 0 failed');
    expect(stdout).toContain('✓ check    answers 200: 5 passed, 0 failed');
    expect(stdout).toContain('✓ threshold http_req_duration: p(95)<5000');
    expect(JSON.parse(await readFile(join(root, 'facts.json'), 'utf8'))).toMatchObject({ requests: 5 });
    const [folder = ''] = await readdir(join(root, '.countersign/latency'));
    expect(await readdir(join(root, '.countersign/latency', folder))).toContain('latency.svg');
  });

  it('exits with 1 where checks fail, and prints JSON', async () => {
    status = 500;
    const { exit, stdout } = await run('probe.ts', ...load, '--json');
    status = 200;
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'failed', errors: 5, checks_failed: 5 });
  });

  it.each([
    ['an environment without writes', ['--env', 'quiet'], 'allows no writes', 2],
    ['a load over its bounds', ['--env', 'here', '--vus', '60'], '60 virtual users, over 50', 2],
    ['a threshold without an expression', ['--env', 'here', '--threshold', 'checks'], 'takes NAME=VALUE', 2],
    ['a duration that is none', ['--env', 'here', '--duration', 'long'], 'duration', 2],
    [
      'an earlier run that is not there',
      ['--env', 'here', '--iterations', '1', '--compare', 'no.json'],
      'no.json',
      2,
    ],
  ])('refuses %s', async (_name, args, why, code) => {
    const { exit, stderr } = await run('probe.ts', ...args);
    expect(stderr).toContain(why);
    expect(exit).toBe(code);
  });
});

it('latency run without k6 says how to get it, and measures with nothing else', async () => {
  const { exit, stdout, stderr } = await runCli(root, ['latency', 'run', 'probe.ts', ...load], {
    COUNTERSIGN_K6: '/nowhere/k6',
  });
  expect({ exit, stdout }).toEqual({ exit: 3, stdout: '' });
  expect(stderr).toContain('error TOOL_MISSING: COUNTERSIGN_K6=/nowhere/k6 does not run');
  expect(stderr).toContain('hint: correct COUNTERSIGN_K6');
});

it('latency run compares with the folder that an earlier run left', async () => {
  const long = ['--env', 'here', '--duration', '6s', '--window', '1s', '--json'];
  const first = await run('calm.ts', ...long);
  expect({ exit: first.exit, stderr: first.stderr }).toMatchObject({ exit: 0 });
  const { exit, stdout } = await run('calm.ts', ...long, '--compare', JSON.parse(first.stdout).folder);
  expect(exit).toBe(0);
  expect(JSON.parse(stdout).comparisons).toMatchObject([{ percentile: 'p50' }, {}, {}]);
});

describe('latency export', () => {
  const base = ['--k6-operator', '--base-url', 'http://service'];
  const exported = (...args: string[]) => runCli(root, ['latency', 'export', ...args]);

  it('writes a TestRun with the same script and load, secrets by name only', async () => {
    const { exit, stdout } = await exported(
      ...['probe.ts', ...base, '--vus', '8', '--duration', '1m', '--parallelism', '2'],
      ...['--threshold', 'checks=rate==1', '--set', 'TOKEN=${secret.TOKEN}', '--set', 'REGION=west'],
    );
    expect(exit).toBe(0);
    const [config, testRun] = parseAllDocuments(stdout).map((document) => document.toJS());
    expect(config).toMatchObject({
      kind: 'ConfigMap',
      metadata: { name: 'probe' },
      data: { 'probe.ts': script },
    });
    expect(config.data['main.js']).toContain('"vus":8,"duration":"1m"');
    expect(config.data['main.js']).toContain('{"checks":["rate==1"]}');
    expect(testRun).toMatchObject({
      apiVersion: 'k6.io/v1alpha1',
      kind: 'TestRun',
      spec: {
        parallelism: 2,
        script: { configMap: { name: 'probe', file: 'main.js' } },
        runner: {
          env: [
            { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'probe-secrets', key: 'TOKEN' } } },
            { name: 'REGION', value: 'west' },
            { name: 'BASE_URL', value: 'http://service' },
          ],
        },
      },
    });
  });

  it.each([
    ['no format', ['probe.ts', '--base-url', 'http://service'], '--k6-operator'],
    ['no address', ['probe.ts', '--k6-operator'], '--base-url is missing'],
    [
      'a password in the address',
      ['probe.ts', '--k6-operator', '--base-url', 'http://a:b@service'],
      'without a password',
    ],
    ['a script of several files', ['parts.ts', ...base], './probe.ts'],
    [
      'a secret within a text',
      ['probe.ts', ...base, '--set', 'TOKEN=Bearer ${secret.TOKEN}'],
      'only a whole',
    ],
    ['a name that Kubernetes refuses', ['probe.ts', ...base, '--name', 'Not_One'], 'no name for Kubernetes'],
  ])('refuses %s', async (_name, args, why) => {
    const { exit, stderr, stdout } = await exported(...args);
    expect(stderr).toContain(why);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  });
});
