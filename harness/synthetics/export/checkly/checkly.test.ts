import { describe, expect, it } from 'vitest';
import { exportable } from '../../../testing/exportable.ts';
import { typeProblems } from '../../../testing/services/checkly-types.ts';
import type { Loss } from '../define.ts';
import { target } from './checkly.ts';

const settings = { locations: 'eu=eu-west-1,us-east-1' };

/** With every type, field and channel that Checkly has a construct for. */
const everything = {
  checks: [
    {
      name: 'login',
      description: 'Log in as "ada"',
      method: 'POST',
      url: 'https://a.example/login',
      headers: { 'X-Key': '${secret.api-key}' },
      json: { user: 'ada', price: '$5' },
      interval: '20s',
      timeout: '1500ms',
      insecure: true,
      follow: 2,
      locations: ['eu', 'ap-south-1'],
      retries: { count: 2, delay: '4s' },
      labels: { team: 'shop' },
      tags: ['core'],
      failure_threshold: 5,
      success_criteria: [
        { status_code: 201 },
        { response_time_ms: '<800' },
        { body_contains: ['a', 'b'] },
        { body_not_contains: 'error' },
        { body_json: { '/data/0/id': 5, '/up': true, '/gone': null } },
        { headers_contain: { 'Content-Type': 'json' } },
      ],
    },
    {
      name: 'gone',
      url: 'https://a.example/gone',
      body: 'x',
      method: 'PUT',
      success_criteria: [{ status_code: [404, 410] }],
    },
    {
      name: 'ssh',
      type: 'tcp',
      host: 'a.example',
      port: 22,
      send: 'hi',
      success_criteria: [{ received_contains: 'SSH' }],
    },
    {
      name: 'name',
      type: 'dns',
      host: 'a.example',
      server: '192.0.2.1',
      success_criteria: [{ answers_contain: '192.0.2.7' }],
    },
    {
      name: 'cert',
      type: 'tls',
      host: 'a.example',
      server_name: 'b.example',
      success_criteria: [{ certificate_days: '>14' }],
    },
    { name: 'health', type: 'grpc', host: 'a.example', port: 9000, tls: true, service: 'shop' },
    {
      name: 'unwell',
      type: 'grpc',
      host: 'a.example',
      port: 9000,
      success_criteria: [{ serving: false }, { response_time_ms: '<9' }],
    },
  ],
  alerting: {
    channels: [
      { type: 'slack', channel: '#alerts', secret: 'HOOK', enabled: true },
      { type: 'pagerduty', secret: 'PD_KEY', enabled: true },
      { type: 'webhook', name: 'desk', secret: 'DESK_URL', enabled: true },
      { type: 'email', channel: 'ops@a.example', enabled: true },
    ],
  },
};

type Payload = Record<string, unknown> & { request: Record<string, unknown> };

describe('checkly', () => {
  const short = ({ field, became }: Loss) => [field, became].filter(Boolean);

  function one(check: Record<string, unknown>) {
    const base = { name: 'web', ...('type' in check ? {} : { url: 'http://a.example' }), interval: '1m' };
    const file = exportable({ checks: [{ ...base, ...check }] });
    const { files, losses } = target.export(file, { settings: { ...settings, format: 'api' } });
    const [payload] = JSON.parse(files[0]?.text ?? '') as Payload[];
    return { payload, losses: losses.map(short) };
  }

  const source = (file: Record<string, unknown>) =>
    target.export(exportable(file), { settings }).files[0]?.text ?? '';

  it('writes constructs that type-check with the types of Checkly', async () => {
    const plain = source({
      checks: [{ name: 'web', url: 'http://a.example', success_criteria: [{ status_code: 200 }] }],
    });
    expect(await typeProblems([source(everything), plain])).toBe('');
    expect(await typeProblems([plain.replace('maxResponseTime', 'maxResponseTimes')])).toContain(
      'maxResponseTimes',
    );
  });

  it('writes them as a person would', () => {
    const text = source({
      checks: [
        {
          name: 'web',
          url: 'https://a.example/health',
          headers: { Authorization: 'Bearer ${secret.TOKEN}' },
          success_criteria: [{ status_code: 200 }, { body_json: { '/status': 'UP' } }],
        },
      ],
      alerting: { channels: [{ type: 'pagerduty', secret: 'PD_KEY', enabled: true }] },
    });
    expect(text).toContain(
      'const channel1 = new PagerdutyAlertChannel("channel1", {\n  serviceKey: secret("PD_KEY"),\n});',
    );
    expect(text).toContain('frequency: Frequency.EVERY_1M,');
    expect(text).toContain('alertEscalationPolicy: AlertEscalationBuilder.runBasedEscalation(3),');
    expect(text).toContain('{ key: "Authorization", value: "Bearer {{TOKEN}}", locked: false }');
    expect(text).toContain('AssertionBuilder.jsonBody("$.status").equals("UP")');
    expect(text).toContain('alertChannels: [channel1],');
  });

  it('says a check as the API has it', () => {
    const { payload, losses } = one({
      url: 'https://a.example/health',
      interval: '5m',
      retries: { count: 2 },
      active: false,
      success_criteria: [{ status_code: 200 }, { response_time_ms: '<= 800' }],
      failure_threshold: 2,
    });
    expect(losses).toEqual([]);
    expect(payload).toEqual({
      checkType: 'API',
      name: 'web',
      activated: false,
      shouldFail: false,
      doubleCheck: false,
      tags: [],
      locations: ['eu-west-1', 'us-east-1'],
      runParallel: true,
      frequency: 5,
      degradedResponseTime: 10_000,
      maxResponseTime: 10_000,
      useGlobalAlertSettings: false,
      alertSettings: {
        escalationType: 'RUN_BASED',
        runBasedEscalation: { failedRunThreshold: 2 },
        reminders: { amount: 0, interval: 5 },
        parallelRunFailureThreshold: { enabled: false, percentage: 10 },
      },
      retryStrategy: {
        type: 'FIXED',
        baseBackoffSeconds: 1,
        maxRetries: 2,
        maxDurationSeconds: 600,
        sameRegion: true,
      },
      request: {
        method: 'GET',
        url: 'https://a.example/health',
        headers: [],
        queryParameters: [],
        bodyType: 'NONE',
        ipFamily: 'IPv4',
        followRedirects: false,
        skipSSL: false,
        assertions: [
          { source: 'STATUS_CODE', property: '', comparison: 'EQUALS', target: '200', regex: null },
          { source: 'RESPONSE_TIME', property: '', comparison: 'LESS_THAN', target: '801', regex: null },
        ],
      },
    });
  });

  it('expects a failure where only failures will do', () => {
    const { payload, losses } = one({ success_criteria: [{ status_code: [404] }] });
    expect([payload?.['shouldFail'], losses]).toEqual([true, []]);
  });

  it.each<[string, Record<string, unknown>, unknown[]]>([
    ['an odd interval', { interval: '90s' }, [['interval', '60s']]],
    ['an interval below 10 s', { interval: '5s', timeout: '4s' }, [['interval', '10s']]],
    ['more than 5 failures', { failure_threshold: 6 }, [['failure_threshold', '5']]],
    [
      'a list of states',
      { success_criteria: [{ status_code: [200, 204] }] },
      [['success_criteria.0.status_code', '200 to 204']],
    ],
    [
      'failures beside successes',
      { success_criteria: [{ status_code: [200, 401] }] },
      [['success_criteria.0.status_code', '200']],
    ],
    ['a pattern', { success_criteria: [{ body_matches: 'a+' }] }, [['success_criteria.0.body_matches']]],
    [
      'a number as a text',
      { success_criteria: [{ body_json: { '/a': '5' } }] },
      [['success_criteria.0.body_json', 'JSON_BODY $.a EQUALS 5']],
    ],
    ['parts of seconds', { retries: { count: 1, delay: '300ms' } }, [['retries.delay', '1s']]],
    ['a long time-out', { timeout: '40s' }, [['timeout', '30000ms']]],
    ['several requests', { steps: [{ url: 'http://b.example' }] }, [['steps']]],
    ['double braces', { body: '{{x}}', method: 'POST' }, [['body']]],
    ['a script', { type: 'script', run: 'a.ts' }, [['type']]],
    ['a socket', { type: 'websocket', url: 'ws://a.example' }, [['type']]],
    ['TLS on TCP', { type: 'tcp', host: 'a', port: 1, tls: true, timeout: '5s' }, [['type', 'tls'], ['tls']]],
    ['a place of ours', { locations: ['eu', 'mars'] }, [['locations.1']]],
  ])('names what it can not say: %s', (_name, check, wanted) => {
    expect(one(check).losses).toEqual(wanted);
  });
});
