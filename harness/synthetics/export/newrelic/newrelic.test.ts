import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportable } from '../../../testing/exportable.ts';
import type { Loss } from '../define.ts';
import { target } from './newrelic.ts';

const settings = { locations: 'eu=EU_WEST_1,US_EAST_1' };

interface Mutation {
  mutation: string;
  variables: { monitor: Record<string, unknown> & { script?: string } };
}

function one(check: Record<string, unknown>, given: Record<string, string> = settings) {
  const base = { name: 'web', ...('type' in check ? {} : { url: 'http://a.example' }) };
  const { files, losses } = target.export(exportable({ checks: [{ ...base, ...check }] }), {
    settings: given,
  });
  const [mutation] = JSON.parse(files[0]?.text ?? '') as Mutation[];
  const short = ({ field, became }: Loss) => [field, became].filter(Boolean);
  const told = losses.map(short).filter(([field]) => field !== 'failure_threshold' && field !== 'timeout');
  return { mutation: mutation?.mutation, monitor: mutation?.variables.monitor, losses: told };
}

describe('newrelic', () => {
  it('says a check as a ping where a ping says all of it', () => {
    const { mutation, monitor, losses } = one({
      url: 'https://a.example/health',
      headers: { 'X-Probe': 'cost $${5}' },
      interval: '5m',
      insecure: true,
      labels: { team: 'shop' },
      tags: ['core', 'web'],
      success_criteria: [{ body_contains: 'UP' }],
    });
    expect(losses).toEqual([]);
    expect(mutation).toBe('syntheticsCreateSimpleMonitor');
    expect(monitor).toEqual({
      name: 'web',
      uri: 'https://a.example/health',
      period: 'EVERY_5_MINUTES',
      status: 'ENABLED',
      locations: { public: ['EU_WEST_1', 'US_EAST_1'] },
      tags: [
        { key: 'team', values: ['shop'] },
        { key: 'tags', values: ['core', 'web'] },
      ],
      advancedOptions: {
        customHeaders: [{ name: 'X-Probe', value: 'cost ${5}' }],
        redirectIsFailure: true,
        responseValidationText: 'UP',
        shouldBypassHeadRequest: true,
        useTlsValidation: false,
      },
    });
  });

  it('says the days of a certificate', () => {
    const { mutation, monitor, losses } = one({
      type: 'tls',
      host: 'a.example',
      interval: '6h',
      active: false,
      success_criteria: [{ certificate_days: '>14' }],
    });
    expect(losses).toEqual([]);
    expect(mutation).toBe('syntheticsCreateCertCheckMonitor');
    expect(monitor).toMatchObject({
      domain: 'a.example',
      numberDaysToFailBeforeCertExpires: 14,
      status: 'DISABLED',
      period: 'EVERY_6_HOURS',
    });
  });

  it('says the rest as a script of the runtime that is asked for', () => {
    const { mutation, monitor, losses } = one(
      { success_criteria: [{ status_code: [200, 401] }, { response_time_ms: '<800' }] },
      { ...settings, runtime: '16.10' },
    );
    expect(losses).toEqual([]);
    expect(mutation).toBe('syntheticsCreateScriptApiMonitor');
    expect(monitor?.['runtime']).toEqual({
      runtimeType: 'NODE_API',
      runtimeTypeVersion: '16.10',
      scriptLanguage: 'JAVASCRIPT',
    });
  });

  it('writes secrets as secure credentials', () => {
    const { monitor } = one({ headers: { Authorization: 'Bearer ${secret.api-token}!' } });
    expect(monitor?.script).toContain('"Authorization": "Bearer " + $secure.API_TOKEN + "!"');
  });

  it.each<[string, Record<string, unknown>, unknown[]]>([
    ['an odd interval', { interval: '3m' }, [['interval', 'EVERY_MINUTE']]],
    ['an interval below a minute', { interval: '10s', timeout: '5s' }, [['interval', 'EVERY_MINUTE']]],
    ['retries', { retries: { count: 2 } }, [['retries']]],
    ['a description', { description: 'x' }, [['description']]],
    ['redirects', { follow: 3 }, [['follow', 'all']]],
    [
      'a certificate beside a request',
      { success_criteria: [{ certificate_days: '>3' }] },
      [['success_criteria.0.certificate_days']],
    ],
    ['another port', { type: 'tls', host: 'a', port: 8443 }, [['port', '443']]],
    ['a TCP connection', { type: 'tcp', host: 'a', port: 1 }, [['type']]],
    ['a place of ours', { locations: ['eu', 'mars'] }, [['locations.1']]],
    ['a secret with a hyphen', { headers: { A: '${secret.a-b}' } }, [['secret', 'A_B']]],
  ])('names what it can not say: %s', (_name, check, wanted) => {
    expect(one(check).losses).toEqual(wanted);
  });
});

describe('a script for New Relic', () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`);
    response.setHeader('content-type', 'Application/JSON');
    response.setHeader('etag', '"7"');
    const status = request.url === '/broken' ? 500 : 200;
    response.writeHead(status).end(JSON.stringify({ token: 't0k', 'a/b': [{ up: true }], none: null }));
  });
  let url = '';
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((done) => server.close(done)));

  /** As New Relic runs it: `$http` with a callback, `$secure` with the credentials. */
  function run(check: Record<string, unknown>): Promise<string> {
    const { monitor } = one(check);
    const $http = (
      options: { url: string },
      done: (error: unknown, answer?: object, body?: string) => void,
    ) =>
      fetch(options.url, options as RequestInit).then(
        async (answer) =>
          done(
            null,
            { statusCode: answer.status, headers: Object.fromEntries(answer.headers) },
            await answer.text(),
          ),
        done,
      );
    const promise = runInNewContext(
      `${(monitor?.script ?? '').replace('(async () => {', 'module.done = (async () => {')}\nmodule.done`,
      {
        require: createRequire(import.meta.url),
        module: {},
        $http,
        $secure: { TOKEN: 's3cret' },
        Buffer,
        Date,
        JSON,
        String,
      },
    ) as Promise<void>;
    return promise.then(
      () => 'passed',
      (error: Error) => error.message,
    );
  }

  it('passes where everything holds, request after request', async () => {
    const answer = await run({
      url: `${url}/login`,
      headers: { Authorization: 'Bearer ${secret.TOKEN}' },
      capture: { token: '/token', tag: 'header:ETag' },
      steps: [
        {
          url: `${url}/me`,
          method: 'POST',
          json: { tag: '${capture.tag}' },
          headers: { Authorization: '${capture.token}' },
        },
      ],
      success_criteria: [
        { status_code: 200 },
        { response_time_ms: '<9000' },
        { body_contains: 't0k' },
        { body_not_contains: 'error' },
        { body_matches: '"up":(true|false)' },
        { body_json: { '/a~1b/0/up': true, '/none': null } },
        { body_json_equals: { token: 't0k', 'a/b': [{ up: true }], none: null } },
        { headers_contain: { 'Content-Type': 'application/json' } },
      ],
    });
    expect(answer).toBe('passed');
    expect(seen).toEqual(['GET /login Bearer s3cret', 'POST /me t0k']);
  });

  it.each<[string, object, string]>([
    ['status', { status_code: [201, 204] }, 'the status is none of 201, 204'],
    ['time', { response_time_ms: '>9000' }, 'it took less than 9001 ms'],
    ['text', { body_contains: 'nothing' }, 'the body lacks nothing'],
    ['no text', { body_not_contains: 't0k' }, 'the body has t0k'],
    ['pattern', { body_matches: '^x' }, 'the body does not match ^x'],
    ['value', { body_json: { '/token': 'other' } }, 'the value at /token is another'],
    ['header', { headers_contain: { 'Content-Type': 'html' } }, 'the header Content-Type lacks html'],
  ])('fails where one does not hold: %s', async (_name, criterion, message) => {
    expect(await run({ url, method: 'POST', success_criteria: [criterion] })).toContain(message);
  });

  it('fails on what is no success where the check names no status', async () => {
    expect(await run({ url: `${url}/broken`, method: 'POST' })).toBe('the status is no success');
  });
});
