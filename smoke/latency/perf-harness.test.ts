import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passwords, startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';
import { type Finished, runScript } from '#pipeline/testing/processes.ts';

let economy: TestEconomy;
let folder: string;
let file: string;
let service: string;
beforeAll(async () => {
  economy = await startEconomy();
  service = await economy.service.app.http.listen({ host: '127.0.0.1', port: 0 });
  folder = await mkdtemp(join(tmpdir(), 'countersign-perf-'));
  file = join(folder, 'perf.json');
}, 120_000);
afterAll(async () => {
  await economy?.stop();
  if (folder) await rm(folder, { recursive: true });
});

const harness = (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> =>
  runScript('smoke/latency/perf-harness.ts', args, env);
const saved = async () => JSON.parse(await readFile(file, 'utf8'));

/** What it says about a service that answers so. */
async function against(answer: RequestListener): Promise<Finished> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await harness(['--samples', '3', '--json', file, '--base-url', url]);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('the perf harness in quick mode', () => {
  it('takes as many samples of each endpoint as asked, and saves them with their percentiles', async () => {
    const { code, stdout } = await harness(['--samples', '10', '--json', file], {
      SMOKE_SERVICE_URL: `${service}/`,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/health_endpoint +10 /);
    const result = await saved();
    expect(result).toMatchObject({ base_url: service, samples: 10, errors: 0, as_member: false });
    expect(result.endpoints.map(({ path }: { path: string }) => path)).toEqual([
      '/health',
      '/api/transactions?page=1&page_size=10',
      '/api/shop/items',
      '/api/moderation/enforcement/ping',
    ]);
    for (const { samples_ms: samples, p50, p90, p95, p99 } of result.endpoints) {
      expect(samples).toHaveLength(10);
      const sorted = samples.toSorted((a: number, b: number) => a - b);
      expect([p50, p90, p95, p99]).toEqual([sorted[4], sorted[8], sorted[9], sorted[9]]);
      expect(result.p95).toBeGreaterThanOrEqual(p95);
    }
  });

  it('reads the transactions of a member where it has a token, and refuses a token that is none', async () => {
    const { body } = await economy.service.call('POST', '/api/auth/login/', {
      role: null,
      body: { username: 'demo-member', password: passwords.memberPassword },
    });
    const args = ['--samples', '2', '--json', file, '--base-url', service];
    expect(await harness(args, { SMOKE_TOKEN_MEMBER: body.token })).toMatchObject({ code: 0 });
    expect(await saved()).toMatchObject({ as_member: true, errors: 0 });
    const { code, stderr } = await harness(args, { SMOKE_TOKEN_MEMBER: 'nobody' });
    expect(code).toBe(1);
    expect(stderr).toContain('3 failed: status 401, not 200');
    expect(stderr).not.toContain('nobody');
    expect(await saved()).toMatchObject({ errors: 3, p95: null });
  });

  it('exits with 1 when one answer of many is wrong', async () => {
    let asked = 0;
    const { code, stderr } = await against(({ url = '' }, response) => {
      asked += 1;
      const right: Record<string, [number, unknown]> = {
        '/health': [asked > 8 ? 503 : 200, { status: 'ok' }],
        '/api/shop/items': [200, { items: [] }],
        '/api/moderation/enforcement/ping': [200, { allow: true }],
      };
      const [status, body] = right[url] ?? [401, {}];
      response.writeHead(status).end(JSON.stringify(body));
    });
    expect(code).toBe(1);
    expect(stderr).toContain('/health: 2 failed: status 503, not 200');
    expect(await saved()).toMatchObject({ errors: 2, samples: 3 });
  });

  it('takes no answer for right that says something else, and none that has no end', async () => {
    const { code, stderr } = await against(({ url = '' }, response) => {
      if (url === '/health') response.end('x'.repeat(2 * 1024 * 1024));
      else response.writeHead(url.includes('transactions') ? 302 : 200, { location: '/' }).end('{"allow":1}');
    });
    expect(code).toBe(3);
    expect(stderr).toContain('/health: 1 failed: the answer is larger');
    expect(stderr).toContain('status 302, not 401');
    expect(stderr).toContain('/ping: 1 failed: another body');
  });

  it('a service that is not there is exit code 3, and an earlier result is gone', async () => {
    await writeFile(file, '{"samples": 10}');
    const { code, stderr } = await harness(['--json', file, '--base-url', 'http://127.0.0.1:9']);
    expect(code).toBe(3);
    expect(stderr).toContain('nothing was measured: is http://127.0.0.1:9 the service, and does it run?');
    expect(await saved()).toMatchObject({ p95: null });
  });

  it.each([
    [['--samples', '0'], '--samples takes 1 to 200, not `0`'],
    [['--samples', 'ten'], 'not `ten`'],
    [['--base-url', 'ftp://here'], 'http or https URL'],
    [['--fast'], '--fast'],
    [[], 'Give --base-url URL or set SMOKE_SERVICE_URL'],
  ])('refuses %j with a reason', async (args, why) => {
    const { code, stdout, stderr } = await harness(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(why);
    expect(stderr).not.toContain('    at ');
  });

  it('says how it is used', async () => {
    const { code, stdout } = await harness(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('--samples');
  });
});
