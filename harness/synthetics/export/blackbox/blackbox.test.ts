import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startBlackboxExporter, type TestExporter } from '../../../testing/blackbox-exporter.ts';
import { exportable } from '../../../testing/exportable.ts';
import { findTool } from '../../../tools/find.ts';
import { runProgram } from '../../../tools/run.ts';
import type { Exported } from '../define.ts';
import { target } from './blackbox.ts';

const exported = (file: Record<string, unknown>, settings = {}) =>
  target.export(exportable(file), { settings });
const fileOf = ({ files }: Exported, name: string) => files.find(({ path }) => path === name)?.text ?? '';
const moduleOf = (result: Exported, name = 'web') =>
  parse(fileOf(result, 'blackbox.yml')).modules[name] as Record<string, Record<string, unknown>>;
const lossesOf = ({ losses }: Exported) => losses.map(({ check, field }) => `${check} ${field}`);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-blackbox-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(result: Exported): Promise<string> {
  for (const { path, text } of result.files) await writeFile(join(folder, path), text);
  return folder;
}

describe('a check as module, job and rules', () => {
  const web = {
    name: 'web',
    url: 'https://a.example/login',
    method: 'POST',
    json: { user: 'ada' },
    headers: { Authorization: 'Bearer ${secret.API_TOKEN}' },
    interval: '30s',
    timeout: '5s',
    labels: { team: 'shop' },
    success_criteria: [{ status_code: [200, 401] }, { headers_contain: { 'X-A': 'b+c' } }],
  };

  it('says them with the field names and units of each', () => {
    const result = exported({ checks: [web] });
    expect(result.losses).toEqual([]);
    expect(moduleOf(result)).toEqual({
      prober: 'http',
      timeout: '5s',
      http: {
        preferred_ip_protocol: 'ip4',
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        authorization: { type: 'Bearer', credentials_file: '/etc/blackbox/secrets/API_TOKEN' },
        body: '{"user":"ada"}',
        follow_redirects: false,
        valid_status_codes: [200, 401],
        fail_if_header_not_matches: [{ header: 'X-A', regexp: '(?i)b\\+c' }],
      },
    });
    expect(parse(fileOf(result, 'prometheus.yml')).scrape_configs).toMatchObject([
      {
        params: { module: ['web'] },
        scrape_interval: '30s',
        scrape_timeout: '5s500ms',
        static_configs: [{ targets: ['https://a.example/login'], labels: { check: 'web', team: 'shop' } }],
      },
    ]);
  });

  it('judges JSON by an expression, and says so, or by CEL where the exporter has it', () => {
    const check = {
      name: 'web',
      url: 'http://a.example',
      success_criteria: [
        { body_json: { '/data/0/id': 5, '/up-to': 'date' } },
        { body_json_equals: { allow: true } },
      ],
    };
    const old = exported({ checks: [check] });
    expect(moduleOf(old)['http']?.['fail_if_body_not_matches_regexp']).toEqual([
      '"id"\\s*:\\s*5',
      '"up-to"\\s*:\\s*"date"',
      '^\\s*\\{\\s*"allow"\\s*:\\s*true\\s*\\}\\s*$',
    ]);
    expect(lossesOf(old)).toEqual([
      'web success_criteria.0.body_json',
      'web success_criteria.0.body_json',
      'web success_criteria.1.body_json_equals',
    ]);
    const young = exported({ checks: [check] }, { version: '0.27.0' });
    expect(young.losses).toEqual([]);
    expect(moduleOf(young)['http']?.['fail_if_body_json_not_matches_cel']).toBe(
      'body.data[0].id == 5.0 && body["up-to"] == "date" && body == {"allow": true}',
    );
  });

  it('knows sockets from 0.29 on', () => {
    const check = {
      name: 'web',
      type: 'websocket',
      url: 'http://a.example/ws',
      conversation: [{ send: 'ping' }, { expect: { contains: 'pong' } }, { close: 1000 }],
    };
    expect(lossesOf(exported({ checks: [check] }))).toEqual(['web type']);
    const young = exported({ checks: [check] }, { version: '0.29.1' });
    expect(moduleOf(young)).toMatchObject({
      prober: 'websocket',
      websocket: { query_response: [{ send: 'ping' }, { expect: 'pong' }] },
    });
    expect(lossesOf(young)).toEqual(['web conversation.2.close']);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['retries', { retries: { count: 2 } }, ['web retries']],
    ['steps', { steps: [{ url: 'http://b.example' }] }, ['web steps']],
    ['a secret in the address', { url: 'http://a.example/${secret.KEY}' }, ['web url']],
    ['a secret header', { headers: { 'X-Key': '${secret.KEY}' } }, ['web headers.X-Key']],
    [
      'a secret in a criterion',
      { success_criteria: [{ body_contains: '${secret.KEY}' }] },
      ['web success_criteria.0.body_contains'],
    ],
    ['a secret label', { labels: { team: '${secret.KEY}' } }, ['web labels.team']],
    ['a dependency that is not there', { depends_on: ['base'] }, ['web depends_on']],
    ['a number of redirects', { follow: 3 }, ['web follow', 'web follow_to_private']],
    [
      'a pattern of JavaScript',
      { success_criteria: [{ body_matches: 'a(?=b)' }] },
      ['web success_criteria.0.body_matches'],
    ],
    ['hours between probes', { interval: '6h' }, ['web interval']],
    ['a timeout as long as the interval', { interval: '5s', timeout: '5s' }, ['web timeout']],
    ['labels of Prometheus', { labels: { job: 'x' } }, ['web labels.job']],
    ['a check that is not active', { active: false }, ['web active']],
  ])('names what it can not say: %s', (_name, check, wanted) => {
    expect(lossesOf(exported({ checks: [{ name: 'web', url: 'http://a.example', ...check }] }))).toEqual(
      wanted,
    );
  });
});

describe('the real exporter, 0.23', () => {
  let server: Server;
  let exporter: TestExporter;
  let url: string;
  let port: number;

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/moved') return response.writeHead(302, { location: '/' }).end();
      response.writeHead(request.url === '/denied' ? 401 : 200, {
        'content-type': 'application/json; charset=utf-8',
      });
      return response.end('{"allow": true, "up": [1], "text": "a.b*c"}');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    ({ port } = server.address() as AddressInfo);
    url = `http://127.0.0.1:${port}`;
    const judged = (name: string, ...success_criteria: object[]) => ({ name, url, success_criteria });
    const result = exported({
      checks: [
        judged('status', { status_code: [200, 401] }),
        judged('contains', { body_contains: ['a.b*c', 'allow'] }),
        judged('lacks', { body_contains: 'axbxc' }),
        judged('forbidden', { body_not_contains: 'allow' }),
        judged('matches', { body_matches: '"up": \\[\\d+\\]' }),
        judged('header', { headers_contain: { 'Content-Type': 'Application/JSON' } }),
        judged('json', { body_json: { '/allow': true, '/text': 'a.b*c' } }),
        judged('wrong', { body_json: { '/allow': false } }),
        judged('whole', { body_json_equals: { allow: true, up: [1], text: 'a.b*c' } }),
        { name: 'plain', url },
        { name: 'following', url, follow: 10 },
        { name: 'small', url, max_bytes: 10 },
        {
          name: 'socket',
          type: 'tcp',
          host: '127.0.0.1',
          port,
          send: 'GET / HTTP/1.0\r\n\r\n',
          success_criteria: [{ received_contains: 'HTTP/1.1 200' }],
        },
        {
          name: 'name',
          type: 'dns',
          host: 'a.example',
          server: '127.0.0.1',
          success_criteria: [{ answers_equal: ['10.0.0.1'] }],
        },
        { name: 'health', type: 'grpc', host: '127.0.0.1', port, service: 'x', tls: true, insecure: true },
        { name: 'certificate', type: 'tls', host: '127.0.0.1', port, server_name: 'a.example' },
      ],
    });
    exporter = await startBlackboxExporter(join(await written(result), 'blackbox.yml'));
  });
  afterAll(async () => {
    await exporter.stop();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  it.each([
    ['status', '/denied', 1],
    ['plain', '/denied', 0],
    ['plain', '/', 1],
    ['contains', '/', 1],
    ['lacks', '/', 0],
    ['forbidden', '/', 0],
    ['matches', '/', 1],
    ['header', '/', 1],
    ['json', '/', 1],
    ['wrong', '/', 0],
    ['whole', '/', 1],
    ['plain', '/moved', 0],
    ['following', '/moved', 1],
    ['small', '/', 0],
  ])('judges as we do: %s on %s gives %i', async (module, path, wanted) => {
    expect((await exporter.probe(module, `${url}${path}`)).get('probe_success')).toBe(wanted);
  });

  it('speaks with a socket', async () => {
    expect((await exporter.probe('socket', `127.0.0.1:${port}`)).get('probe_success')).toBe(1);
    expect((await exporter.probe('certificate', `127.0.0.1:${port}`)).get('probe_success')).toBe(0);
  });

  it('refuses what it does not know: the check of its configuration is not for nothing', async () => {
    const { path } = await findTool('blackbox-exporter', { env: process.env, bring: true });
    const young = exported(
      { checks: [{ name: 'web', url, success_criteria: [{ body_json: { '/a': 1 } }] }] },
      { version: '0.27.0' },
    );
    await writeFile(join(folder, 'young.yml'), fileOf(young, 'blackbox.yml'));
    const { code, output } = await runProgram(path, [
      '--config.check',
      `--config.file=${join(folder, 'young.yml')}`,
    ]);
    expect(code).toBe(1);
    expect(output).toContain('fail_if_body_json_not_matches_cel');
  });
});
