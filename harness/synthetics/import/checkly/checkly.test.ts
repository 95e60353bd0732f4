import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFile } from '../../../testing/any-checks.ts';
import { exportable } from '../../../testing/exportable.ts';
import { differences } from '../../../testing/round-trip.ts';
import { target } from '../../export/checkly/checkly.ts';
import { importer } from './checkly.ts';

const imported = (value: unknown) => importer.import([{ file: 'checks.json', text: JSON.stringify(value) }]);

/** `${` that opens nothing may be written as `$${`, which says the same. */
const plainly = <T>(value: T) => JSON.parse(JSON.stringify(value).replaceAll('$${', () => '${')) as T;

const check = {
  id: '73d29e72-6540-4bb5-967e-e07fa2c9465e',
  checkType: 'API',
  name: 'Log in',
  activated: false,
  muted: false,
  tags: ['core', 'team:shop'],
  locations: ['eu-west-1'],
  frequency: 0,
  frequencyOffset: 30,
  maxResponseTime: 5_000,
  degradedResponseTime: 1_000,
  useGlobalAlertSettings: false,
  alertSettings: { escalationType: 'RUN_BASED', runBasedEscalation: { failedRunThreshold: 2 } },
  retryStrategy: { type: 'LINEAR', baseBackoffSeconds: 10, maxRetries: 2 },
  request: {
    method: 'POST',
    url: 'https://a.example/login',
    headers: [{ key: 'X-Key', value: '{{API_KEY}}', locked: false }],
    queryParameters: [{ key: 'q', value: 'a b' }],
    body: '{"user":"ada"}',
    bodyType: 'JSON',
    assertions: [
      { source: 'STATUS_CODE', comparison: 'GREATER_THAN', target: '199', property: '' },
      { source: 'STATUS_CODE', comparison: 'LESS_THAN', target: '202', property: '' },
      { source: 'JSON_BODY', comparison: 'EQUALS', target: '5', property: '$.id' },
      { source: 'JSON_BODY', comparison: 'NOT_EMPTY', target: '', property: '$.token' },
    ],
  },
};

describe('importing from Checkly', () => {
  it('reads a check, and names what it can not say', () => {
    const { definition, losses } = imported([check, { checkType: 'HEARTBEAT', name: 'beat' }]);
    expect(definition.checks).toEqual([
      {
        name: 'Log-in',
        method: 'POST',
        url: 'https://a.example/login?q=a%20b',
        headers: { 'X-Key': '${secret.API_KEY}' },
        json: { user: 'ada' },
        success_criteria: [{ status_code: [200, 201] }, { body_json: { '/id': 5 } }],
        active: false,
        tags: ['core'],
        labels: { team: 'shop' },
        locations: ['eu-west-1'],
        interval: '30s',
        timeout: '5s',
        failure_threshold: 2,
        retries: { count: 2, delay: '10s' },
      },
    ]);
    expect(losses.map(({ field }) => field)).toEqual([
      'name',
      'request.assertions.3',
      'retryStrategy',
      'muted',
      'checkType',
    ]);
  });

  it('refuses what holds no check that we can probe', () => {
    expect(() => imported([])).toThrow('nothing in it can be a check');
    expect(() => imported('x')).toThrow('the file holds no list of objects');
  });

  it('gives the same checks as were exported, but for what was named as a loss', () => {
    fc.assert(
      fc.property(anyFile, (file) => {
        const before = exportable(file);
        const { files, losses } = target.export(before, { settings: { format: 'api' } });
        const payloads = JSON.parse(files[0]?.text ?? '') as { name: string }[];
        const left = before.checks.filter(({ name }) => payloads.some((each) => each.name === name));
        if (left.length === 0) return;
        const { definition, losses: more } = imported(payloads);
        const told = [...losses, ...more];
        const found = differences(plainly({ ...before, checks: left }), plainly(definition), told);
        const states = told
          .filter(({ field }) => field.endsWith('.status_code'))
          .map(({ check }) => `${check} status`);
        expect(found.filter((each) => !states.includes(each))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
