import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { exportable } from '../../../testing/exportable.ts';
import { target } from './openstatus.ts';

const exported = (check: Record<string, unknown>, settings = {}) => {
  const checks = [
    { name: 'web', url: 'http://a.example', retries: { count: 2 }, locations: ['fra', 'iad'], ...check },
  ];
  const { files, losses } = target.export(exportable({ checks }), { settings });
  const monitors = parse(files[0]?.text ?? '') as Record<string, Record<string, unknown>>;
  return {
    monitor: monitors['web'],
    losses: losses.map(({ field, became }) => [field, became].filter(Boolean)),
  };
};

describe('openstatus', () => {
  it('says a check with its own field names and units', () => {
    const { monitor, losses } = exported({
      method: 'POST',
      json: { a: 1 },
      interval: '5m',
      timeout: '5s',
      success_criteria: [{ status_code: 201 }, { body_contains: 'ok' }, { body_not_contains: 'error' }],
    });
    expect(losses).toEqual([]);
    expect(monitor).toEqual({
      name: 'web',
      frequency: '5m',
      active: true,
      regions: ['fra', 'iad'],
      retry: 2,
      timeout: 5000,
      kind: 'http',
      request: {
        method: 'POST',
        url: 'http://a.example',
        body: '{"a":1}',
        headers: { 'Content-Type': 'application/json' },
        followRedirects: false,
      },
      assertions: [
        { kind: 'statusCode', compare: 'eq', target: 201 },
        { kind: 'textBody', compare: 'contains', target: 'ok' },
        { kind: 'textBody', compare: 'not_contains', target: 'error' },
      ],
    });
  });

  it('asks for 2xx where a check says nothing about the status, as our own probe does', () => {
    expect(exported({}).monitor?.['assertions']).toEqual([
      { kind: 'statusCode', compare: 'gte', target: 200 },
      { kind: 'statusCode', compare: 'lt', target: 300 },
    ]);
  });

  it.each<[string, Record<string, unknown>, unknown[]]>([
    ['an interval of its own', { interval: '90s' }, [['interval', '1m']]],
    ['an interval that is too short', { interval: '5s' }, [['interval', '30s']]],
    ['no retries', { retries: undefined }, [['retries', '1']]],
    ['a pause between retries', { retries: { count: 1, delay: '5s' } }, [['retries.delay']]],
    ['locations of others', { locations: ['lagos'] }, [['locations', '["iad"]']]],
    [
      'a slow answer',
      { success_criteria: [{ response_time_ms: '<800' }] },
      [['success_criteria.0.response_time_ms', 'degradedAfter: 800']],
    ],
    [
      'some statuses',
      { success_criteria: [{ status_code: [200, 401] }] },
      [['success_criteria.0.status_code', '200 to 401']],
    ],
    ['JSON', { success_criteria: [{ body_json: { '/a': 1 } }] }, [['success_criteria.0.body_json']]],
    ['a secret', { headers: { 'X-Key': '${secret.KEY}' } }, [['headers.X-Key']]],
    [
      'a secret in a criterion',
      { success_criteria: [{ body_contains: '${secret.KEY}' }] },
      [['success_criteria.0.body_contains']],
    ],
    ['a threshold', { failure_threshold: 2 }, [['failure_threshold']]],
    ['labels', { labels: { team: 'shop' } }, [['labels']]],
  ])('names what it can not say: %s', (_name, check, wanted) => {
    const { monitor, losses } = exported(check);
    expect(losses).toEqual(wanted);
    expect(monitor).toBeDefined();
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a socket', { type: 'websocket' }, 'type'],
    ['steps', { steps: [{ url: 'http://a.example' }] }, 'steps'],
    ['a secret in the address', { url: 'http://a.example/${secret.KEY}' }, 'url'],
    ['a method of WebDAV', { method: 'PROPFIND' }, 'method'],
  ])('leaves out %s, and says so', (_name, check, field) => {
    const { monitor, losses } = exported(check);
    expect(monitor).toBeUndefined();
    expect(losses).toEqual([[field]]);
  });

  it('says a port', () => {
    const { monitor } = exported({ type: 'tcp', url: undefined, host: 'a.example', port: 443 });
    expect(monitor).toMatchObject({ kind: 'tcp', request: { host: 'a.example', port: 443 } });
  });
});
