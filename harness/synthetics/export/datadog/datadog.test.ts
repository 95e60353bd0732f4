import { beforeAll, describe, expect, it } from 'vitest';
import { exportable } from '../../../testing/exportable.ts';
import { datadogModel, type Judge } from '../../../testing/services/datadog-model.ts';
import type { Loss } from '../define.ts';
import { target } from './datadog.ts';

interface Test {
  config: Record<string, unknown>;
  options: Record<string, unknown>;
  [field: string]: unknown;
}

const settings = { locations: 'eu=aws:eu-west-3,aws:us-east-1' };

describe('datadog', () => {
  let judge: Judge;
  beforeAll(async () => {
    judge = await datadogModel();
  });

  function exported(file: Record<string, unknown>, given: Record<string, string> = settings) {
    const { files, losses } = target.export(exportable(file), { settings: given });
    const { tests } = JSON.parse(files[0]?.text ?? '') as { tests: Test[] };
    expect(tests.flatMap(judge)).toEqual([]);
    return { tests, losses };
  }

  function one(check: Record<string, unknown>, rest: Record<string, unknown> = {}) {
    const base = {
      name: 'web',
      ...('type' in check ? {} : { url: 'http://a.example' }),
      failure_threshold: 1,
    };
    const { tests, losses } = exported({ checks: [{ ...base, ...check }], ...rest });
    return { test: tests[0], losses: losses.map(short) };
  }

  const short = ({ field, became }: Loss) => [field, became].filter(Boolean);

  it('says a check with its own field names and units', () => {
    const { test, losses } = one({
      method: 'POST',
      url: 'https://a.example/login',
      json: { user: 'ada', password: '${secret.PASSWORD}', price: '$5' },
      interval: '5m',
      timeout: '1500ms',
      insecure: true,
      locations: ['eu', 'pl:office'],
      retries: { count: 2, delay: '400ms' },
      labels: { team: 'shop' },
      tags: ['core'],
      description: 'Log in',
      active: false,
      success_criteria: [{ status_code: 200 }],
    });
    expect(losses).toEqual([]);
    expect(test).toEqual({
      name: 'web',
      type: 'api',
      subtype: 'http',
      status: 'paused',
      tags: ['core', 'team:shop'],
      locations: ['aws:eu-west-3', 'pl:office'],
      message: 'Log in',
      config: {
        request: {
          method: 'POST',
          url: 'https://a.example/login',
          body: '{"user":"ada","password":"{{ PASSWORD }}","price":"$5"}',
          bodyType: 'application/json',
          follow_redirects: false,
          allow_insecure: true,
          timeout: 1.5,
        },
        assertions: [{ type: 'statusCode', operator: 'is', target: 200 }],
        configVariables: [{ name: 'PASSWORD', type: 'global' }],
      },
      options: {
        tick_every: 300,
        min_failure_duration: 0,
        min_location_failed: 1,
        retry: { count: 2, interval: 400 },
        monitor_options: { renotify_interval: 0 },
      },
    });
  });

  it('says criteria as assertions', () => {
    const { test, losses } = one({
      success_criteria: [
        { status_code: [200, 401] },
        { response_time_ms: '<= 800' },
        { body_contains: ['up', 'ok'] },
        { body_not_contains: 'error' },
        { body_matches: 'v[0-9]+' },
        { body_json: { '/data/0/first name': 'Ada', '/n': 3 } },
        { headers_contain: { 'X-Count': '12' } },
      ],
    });
    expect(losses).toEqual([]);
    expect(test?.config['assertions']).toEqual([
      { type: 'statusCode', operator: 'matches', target: '^(200|401)$' },
      { type: 'responseTime', operator: 'lessThan', target: 801 },
      { type: 'body', operator: 'contains', target: 'up' },
      { type: 'body', operator: 'contains', target: 'ok' },
      { type: 'body', operator: 'doesNotContain', target: 'error' },
      { type: 'body', operator: 'matches', target: 'v[0-9]+' },
      {
        type: 'body',
        operator: 'validatesJSONPath',
        target: { jsonPath: "$.data[0]['first name']", operator: 'is', targetValue: 'Ada' },
      },
      {
        type: 'body',
        operator: 'validatesJSONPath',
        target: { jsonPath: '$.n', operator: 'is', targetValue: 3 },
      },
      { type: 'header', operator: 'contains', property: 'X-Count', target: '12' },
    ]);
  });

  it.each<[string, Record<string, unknown>, object]>([
    ['tcp', { host: 'a.example', port: 22 }, { host: 'a.example', port: 22, timeout: 10 }],
    [
      'dns',
      { host: 'a.example', server: '192.0.2.1:53', success_criteria: [{ answers_contain: '192.0.2.7' }] },
      { host: 'a.example', dnsServer: '192.0.2.1', dnsServerPort: 53, timeout: 10 },
    ],
    [
      'tls',
      { host: 'a.example', server_name: 'b.example', success_criteria: [{ certificate_days: '>14' }] },
      { host: 'a.example', port: 443, servername: 'b.example', timeout: 10 },
    ],
    [
      'grpc',
      { host: 'a.example', port: 9000, service: 'shop' },
      { host: 'a.example', port: 9000, callType: 'healthcheck', service: 'shop', timeout: 10 },
    ],
    [
      'websocket',
      { url: 'wss://a.example', conversation: [{ send: 'ping' }, { expect: { contains: 'pong' } }] },
      { url: 'wss://a.example', message: 'ping', timeout: 10 },
    ],
  ])('says a check of type %s', (type, check, request) => {
    const { test, losses } = one({ type, ...check });
    expect(losses).toEqual([]);
    expect(test?.config['request']).toEqual(request);
    expect(test?.config['assertions']).toContainEqual(
      expect.objectContaining({ operator: expect.any(String) }),
    );
  });

  it('says a check of several requests as a multistep test, captures as extracted values', () => {
    const { test } = one({
      url: 'http://a.example/login',
      capture: { token: '/auth/token', etag: 'header:ETag' },
      steps: [{ url: 'http://a.example/me', headers: { Authorization: 'Bearer ${capture.token}' } }],
      success_criteria: [{ body_contains: 'ada' }],
    });
    expect(test?.['subtype']).toBe('multi');
    expect(test?.config['steps']).toMatchObject([
      {
        name: 'first',
        extractedValues: [
          { name: 'TOKEN', type: 'http_body', parser: { type: 'json_path', value: '$.auth.token' } },
          { name: 'ETAG', type: 'http_header', field: 'ETag', parser: { type: 'raw' } },
        ],
        assertions: [{ type: 'statusCode' }],
      },
      {
        name: 'step 2',
        request: { headers: { Authorization: 'Bearer {{ TOKEN }}' } },
        assertions: [{ type: 'statusCode' }, { type: 'body', target: 'ada' }],
      },
    ]);
  });

  it.each<[string, Record<string, unknown>, unknown[]]>([
    ['an interval below 30 s', { interval: '10s' }, [['interval', '30s']]],
    ['an interval with fractions', { interval: '90500ms' }, [['interval', '90s']]],
    ['failures in a row', { failure_threshold: 3 }, [['failure_threshold', 'min_failure_duration 120']]],
    ['many retries', { retries: { count: 5 } }, [['retries.count', '3']]],
    ['late retries', { retries: { count: 1, delay: '30s' } }, [['retries.delay', '5000ms']]],
    ['a long time-out', { timeout: '61s', interval: '5m' }, [['timeout', '60']]],
    ['a number of redirects', { follow: 3 }, [['follow', 'all']]],
    ['expressions', { expect: ['status == 200'] }, [['expect']]],
    ['dependencies', { depends_on: ['other'] }, [['depends_on']]],
    ['a bound of a body', { max_bytes: 10 }, [['max_bytes']]],
    ['capitals in tags', { tags: ['Core Web'] }, [['tags.0', 'core_web']]],
    ['a place of ours', { locations: ['eu', 'mars'] }, [['locations.1']]],
    [
      'a redirect',
      { success_criteria: [{ redirects_to: 'http://b.example' }] },
      [['success_criteria.0.redirects_to']],
    ],
    ['double braces', { body: '{{x}}', method: 'POST' }, [['body']]],
    ['null', { success_criteria: [{ body_json: { '/a': null } }] }, [['success_criteria.0.body_json']]],
    ['what a TCP connection says', { type: 'tcp', host: 'a', port: 1, send: 'x' }, [['send']]],
    ['a record', { type: 'dns', host: 'a', record: 'SRV' }, [['record']]],
  ])('names what it can not say: %s', (_name, check, wanted) => {
    expect(one(check).losses).toEqual(wanted);
  });

  it('compares truth values as texts, and says so', () => {
    const { test, losses } = one({
      success_criteria: [{ status_code: 200 }, { body_json: { '/up': true } }],
    });
    expect(losses.map(([field]) => field)).toEqual(['success_criteria.1.body_json']);
    expect(test?.config['assertions']).toContainEqual({
      type: 'body',
      operator: 'validatesJSONPath',
      target: { jsonPath: '$.up', operator: 'is', targetValue: 'true' },
    });
  });

  it('tells that it chose the place where nobody named one', () => {
    const { losses } = exported({ checks: [{ name: 'web', url: 'http://a', failure_threshold: 1 }] }, {});
    expect(losses.map(short)).toEqual([['locations', '["aws:eu-central-1"]']]);
  });

  it('tells those whom the channels name, and that the rest of alerting is lost', () => {
    const { test, losses } = one(
      { failure_threshold: 3, interval: '60s' },
      {
        alerting: {
          channels: [
            { type: 'slack', channel: '#alerts', secret: 'HOOK', enabled: true },
            { type: 'pagerduty', secret: 'KEY', enabled: false },
          ],
          rules: [
            {
              name: 'down',
              condition: 'consecutive_failures >= 3 within 3m',
              severity: 'warning',
              message: '${check.name} is down',
            },
            { name: 'slow', condition: 'p95 > 800ms over 10m', severity: 'warning' },
          ],
        },
      },
    );
    expect(test?.['message']).toBe('web is down\n@slack-alerts');
    expect(losses).toEqual([
      ['alerting.channels.1'],
      ['alerting.rules.0.severity'],
      ['alerting.rules.1.condition'],
      ['failure_threshold', 'min_failure_duration 120'],
    ]);
  });

  it('leaves out a check that it can not run, and says so', () => {
    const { tests, losses } = exported({ checks: [{ name: 'page', type: 'browser', file: 'a.spec.ts' }] });
    expect(tests).toEqual([]);
    expect(losses.map(short)).toEqual([['type']]);
  });
});
