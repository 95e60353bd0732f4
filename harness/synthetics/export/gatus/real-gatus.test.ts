import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { exportable } from '../../../testing/exportable.ts';
import { freePort } from '../../../testing/prometheus.ts';
import { runProgram } from '../../../tools/run.ts';
import { target } from './gatus.ts';

const gatus = (await runProgram('sh', ['-c', 'command -v gatus'])).code === 0;

const body = { n: 1234567, small: 0.00001, text: 'a.b*c (d) [e]', list: [{ id: 5 }], up: true };

/** Each with whether it must pass. */
function checksOf(url: string): [Record<string, unknown>, boolean][] {
  const judged = (name: string, criterion: object, passes: boolean): [Record<string, unknown>, boolean] => [
    { name, url, success_criteria: [criterion] },
    passes,
  ];
  return [
    judged('status', { status_code: [200, 401] }, true),
    judged('other-status', { status_code: 201 }, false),
    judged('contains', { body_contains: 'a.b*c (d) [e]' }, true),
    judged('lacks', { body_contains: 'axb' }, false),
    judged('forbidden', { body_not_contains: 'text' }, false),
    judged('numbers', { body_json: { '/n': 1234567, '/small': 0.00001, '/list/0/id': 5 } }, true),
    judged('wrong', { body_json: { '/n': 1234568 } }, false),
    judged('whole', { body_json_equals: { up: true } }, true),
    judged('slow', { response_time_ms: '<0' }, false),
    [
      {
        name: 'secret',
        url: `${url}/secret`,
        headers: { Authorization: 'Bearer ${secret.api-token}' },
        body: 'cost: $5',
      },
      true,
    ],
    [{ name: 'moved', url: `${url}/moved` }, false],
  ];
}

/** Built by hand, or from a release: the registries of this project have no program of it. */
describe.runIf(gatus)('gatus, which is on PATH', () => {
  it('loads the export and judges as we do', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/moved') return response.writeHead(302, { location: '/' }).end();
      if (request.url !== '/secret') return response.end(JSON.stringify(body));
      return request.on('data', (sent) => {
        const right = request.headers.authorization === 'Bearer t0ken' && String(sent) === 'cost: $5';
        response.writeHead(right ? 200 : 401).end();
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const checks = checksOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const alerting = { channels: [{ type: 'pagerduty', secret: 'PD_KEY', enabled: false }] };
    const definition = exportable({ checks: checks.map(([check]) => check), alerting });
    const folder = await mkdtemp(join(tmpdir(), 'countersign-gatus-'));
    const port = await freePort();
    const text = target.export(definition, { settings: {} }).files[0]?.text ?? '';
    await writeFile(join(folder, 'gatus.yaml'), `${text}web: {address: 127.0.0.1, port: ${port}}\n`);
    const env = { GATUS_CONFIG_PATH: join(folder, 'gatus.yaml'), api_token: 't0ken', PD_KEY: 'x'.repeat(32) };
    const child = spawn('gatus', { env: { PATH: process.env['PATH'], ...env }, stdio: 'ignore' });
    try {
      const wanted = Object.fromEntries(checks.map(([{ name }, passes]) => [name, passes]));
      expect(await resultsOf(port, checks.length)).toEqual(wanted);
    } finally {
      child.kill();
      await once(child, 'exit');
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    }
  }, 60_000);
});

interface Status {
  name: string;
  results: { success: boolean }[];
}

async function resultsOf(port: number, count: number): Promise<Record<string, boolean>> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/endpoints/statuses?pageSize=100`).catch(
      () => undefined,
    );
    const statuses = ((await answer?.json()) ?? []) as Status[];
    const seen = statuses.filter(({ results }) => results.length > 0);
    if (seen.length === count)
      return Object.fromEntries(seen.map(({ name, results }) => [name, results[0]?.success === true]));
    await pause(100);
  }
}
