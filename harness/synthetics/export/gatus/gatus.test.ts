import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { exportable } from '../../../testing/exportable.ts';
import type { Loss } from '../define.ts';
import { target } from './gatus.ts';

interface Configuration {
  alerting?: Record<string, Record<string, string>>;
  endpoints: Record<string, unknown>[];
}

function exported(
  file: Parameters<typeof exportable>[0],
  settings = {},
): { file: Configuration; losses: Loss[] } {
  const { files, losses } = target.export(exportable(file), { settings });
  expect(files.map(({ path }) => path)).toEqual(['gatus.yaml']);
  return { file: parse(files[0]?.text ?? '') as Configuration, losses };
}

const one = (check: Record<string, unknown>) => {
  const { file, losses } = exported({ checks: [{ name: 'web', url: 'http://a.example', ...check }] });
  return {
    endpoint: file.endpoints[0],
    losses: losses.map(({ field, became }) => [field, became].filter(Boolean)),
  };
};

describe('gatus', () => {
  it('says a check with its own field names and units', () => {
    const { file, losses } = exported({
      checks: [
        {
          name: 'web',
          method: 'POST',
          url: 'https://a.example/login',
          json: { user: 'ada', password: '${secret.PASSWORD}', price: '$5' },
          interval: '1d',
          timeout: '1500ms',
          follow: 0,
          insecure: true,
          labels: { team: 'shop' },
          success_criteria: [{ status_code: 200 }],
          failure_threshold: 5,
        },
      ],
      alerting: { channels: [{ type: 'pagerduty', secret: 'PD_KEY', enabled: true }] },
    });
    expect(losses).toEqual([]);
    expect(file).toEqual({
      alerting: { pagerduty: { 'integration-key': '${PD_KEY}' } },
      endpoints: [
        {
          name: 'web',
          url: 'https://a.example/login',
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: '{"user":"ada","password":"${PASSWORD}","price":"$$5"}',
          interval: '24h',
          client: { timeout: '1s500ms', insecure: true, 'ignore-redirect': true },
          'extra-labels': { team: 'shop' },
          conditions: ['[STATUS] == 200'],
          alerts: [
            {
              type: 'pagerduty',
              enabled: true,
              'failure-threshold': 5,
              'success-threshold': 1,
              'send-on-resolved': true,
            },
          ],
        },
      ],
    });
  });

  it('says criteria as conditions', () => {
    const { endpoint, losses } = one({
      success_criteria: [
        { status_code: [200, 401] },
        { response_time_ms: '<= 800' },
        { certificate_days: '>14' },
        { body_contains: ['a*b', 'ok'] },
        { body_not_contains: 'error' },
        { body_json: { '/data/0/id': 1234567, '/up': true } },
      ],
    });
    expect(losses).toEqual([]);
    expect(endpoint?.['conditions']).toEqual([
      '[STATUS] == any(200, 401)',
      '[RESPONSE_TIME] < 801',
      '[CERTIFICATE_EXPIRATION] >= 360h',
      '[BODY] == pat(*a\\*b*)',
      '[BODY] == pat(*ok*)',
      '[BODY] != pat(*error*)',
      '[BODY].data[0].id == 1.234567e+06',
      '[BODY].up == true',
    ]);
  });

  it('asks for 2xx where a check says nothing about the status, as our own probe does', () => {
    const { endpoint } = one({ success_criteria: [{ response_time_ms: '<800' }] });
    expect(endpoint?.['conditions']).toEqual(['[STATUS] >= 200', '[STATUS] < 300', '[RESPONSE_TIME] < 800']);
  });

  it.each<[string, Record<string, unknown>, unknown[]]>([
    ['retries', { retries: { count: 2 } }, [['retries']]],
    [
      'a number of redirects',
      { follow: 3 },
      [
        ['follow', 'without limit'],
        ['follow_to_private', 'true'],
      ],
    ],
    ['steps', { steps: [{ url: 'http://b.example' }] }, [['steps']]],
    ['expressions', { expect: ['status == 200'] }, [['expect']]],
    ['a pattern', { success_criteria: [{ body_matches: 'a+' }] }, [['success_criteria.0.body_matches']]],
    [
      'headers',
      { success_criteria: [{ status_code: 200 }, { headers_contain: { a: 'b' } }] },
      [['success_criteria.1.headers_contain']],
    ],
    ['null', { success_criteria: [{ body_json: { '/a': null } }] }, [['success_criteria.0.body_json']]],
    [
      'a text that looks like a number',
      { success_criteria: [{ body_json: { '/a': '5' } }] },
      [['success_criteria.0.body_json', '[BODY].a == 5']],
    ],
    [
      'slashes in a pattern',
      { success_criteria: [{ body_contains: 'a/b' }] },
      [['success_criteria.0.body_contains', '[BODY] == pat(*a/b*)']],
    ],
    [
      'an operator',
      { success_criteria: [{ body_contains: 'a == b' }] },
      [['success_criteria.0.body_contains']],
    ],
    ['an alert without a channel', { failure_threshold: 5 }, [['failure_threshold']]],
    ['a bound of a body', { max_bytes: 10 }, [['max_bytes']]],
    ['dependencies', { depends_on: ['other'] }, [['depends_on']]],
  ])('names what it can not say: %s', (_name, check, wanted) => {
    expect(one(check).losses).toEqual(wanted);
  });

  it('leaves out a check that it can not run at all, and says so', () => {
    const { file, losses } = exported({
      checks: [
        { name: 'page', type: 'browser', file: 'a.spec.ts' },
        { name: 'silent', type: 'websocket', url: 'ws://a.example' },
        { name: 'name', type: 'dns', host: 'a.example' },
      ],
    });
    expect(file.endpoints).toEqual([]);
    expect(losses.map(({ check, field }) => `${check} ${field}`)).toEqual([
      'page type',
      'silent conversation',
      'name server',
    ]);
  });

  it('asks a name server that was named for the export', () => {
    const check = {
      name: 'name',
      type: 'dns',
      host: 'a.example',
      success_criteria: [{ answers_contain: '10.0.0.1' }],
    };
    const { file, losses } = exported({ checks: [check] }, { 'name-server': '192.0.2.1' });
    expect(file.endpoints[0]).toMatchObject({
      url: '192.0.2.1',
      dns: { 'query-name': 'a.example', 'query-type': 'A' },
      conditions: ['[DNS_RCODE] == NOERROR', 'len([BODY]) > 0', '[BODY] == 10.0.0.1'],
    });
    expect(losses.map(({ became }) => became)).toEqual(['[BODY] == 10.0.0.1']);
  });

  it('says one message and the first answer of a socket', () => {
    const { endpoint, losses } = one({
      type: 'websocket',
      url: 'https://a.example/ws',
      conversation: [{ send: { json: { type: 'ping' } } }, { expect: { json: { '/type': 'pong' } } }],
    });
    expect(endpoint).toMatchObject({ url: 'wss://a.example/ws', body: '{"type":"ping"}' });
    expect(endpoint?.['conditions']).toEqual(['[CONNECTED] == true', '[BODY].type == pong']);
    expect(losses).toEqual([]);
  });

  it('says windows of the week, and no others', () => {
    const window = { kind: 'deny', zone: 'Africa/Lagos' };
    const { file, losses } = exported({
      checks: [{ name: 'web', url: 'http://a.example', maintenance: ['nightly', 'weekly', 'yearly'] }],
      maintenance: {
        nightly: { ...window, rrule: 'FREQ=DAILY', from: '23:00', until: '01:30' },
        weekly: { ...window, rrule: 'FREQ=WEEKLY;BYDAY=MO,WE', from: '09:00', duration: '2h' },
        yearly: { ...window, rrule: 'FREQ=YEARLY', from: '00:00', duration: '1d' },
      },
    });
    expect(file.endpoints[0]?.['maintenance-windows']).toEqual([
      { start: '23:00', duration: '2h30m', timezone: 'Africa/Lagos' },
      { start: '09:00', duration: '2h', timezone: 'Africa/Lagos', every: ['Monday', 'Wednesday'] },
    ]);
    expect(losses.map(({ field }) => field)).toEqual(['maintenance.2']);
  });

  it('has an alert for each threshold of failures in a row, and leaves other rules out', () => {
    const { file, losses } = exported({
      checks: [{ name: 'web', url: 'http://a.example', failure_threshold: 3 }],
      alerting: {
        channels: [
          { type: 'slack', secret: 'HOOK', enabled: false },
          { type: 'email', enabled: true },
        ],
        rules: [
          {
            name: 'down',
            condition: 'consecutive_failures >= 10',
            severity: 'critical',
            message: '${check.name} "is" down',
          },
          { name: 'often', condition: 'failures >= 3 of 5', severity: 'critical' },
        ],
      },
    });
    expect(file.endpoints[0]?.['alerts']).toMatchObject([
      { type: 'slack', enabled: false, 'failure-threshold': 3 },
      { type: 'slack', enabled: false, 'failure-threshold': 10, description: 'web is down' },
    ]);
    expect(losses.map(({ check, field }) => `${check} ${field}`)).toEqual([
      '* alerting.channels.1',
      '* alerting.rules.0.severity',
      '* alerting.rules.1.condition',
      'web description',
    ]);
  });
});
