import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFile } from '../../../testing/any-checks.ts';
import { exportable } from '../../../testing/exportable.ts';
import { differences } from '../../../testing/round-trip.ts';
import type { Check } from '../../definition.ts';
import { target } from '../../export/datadog/datadog.ts';
import type { Exportable } from '../../export/define.ts';
import { importer } from './datadog.ts';

const imported = (value: unknown) => importer.import([{ file: 'tests.json', text: JSON.stringify(value) }]);

/** `${` that opens nothing may be written as `$${`, which says the same. */
const plainly = <T>(value: T) => JSON.parse(JSON.stringify(value).replaceAll('$${', () => '${')) as T;

/** A certificate that is valid has days left, whether a check says so or not. */
function withoutUsual(file: Exportable): Exportable {
  const isUsual = (criterion: object) => /certificate_days":">(0|=0|=1)"/.test(JSON.stringify(criterion));
  const checks = file.checks.map((check) => {
    const criteria = (check.success_criteria ?? []).filter((criterion) => !isUsual(criterion));
    const { success_criteria: _all, ...rest } = check;
    return (criteria.length > 0 ? { ...rest, success_criteria: criteria } : rest) as Check;
  });
  return { ...file, checks };
}

const test = {
  public_id: 'abc-def-ghi',
  name: 'Health of the API',
  type: 'api',
  subtype: 'http',
  status: 'paused',
  tags: ['core', 'team:shop', 'countersign:checks/production/x'],
  locations: ['aws:eu-west-3'],
  message: 'It is down @pagerduty-api',
  config: {
    request: {
      method: 'POST',
      url: 'https://a.example/{{ PATH }}',
      body: '{"a":1}',
      bodyType: 'application/json',
      timeout: 5,
    },
    assertions: [
      { type: 'statusCode', operator: 'is', target: 200 },
      {
        type: 'body',
        operator: 'validatesJSONPath',
        target: { jsonPath: '$.data[0].up', operator: 'is', targetValue: 'yes' },
      },
      { type: 'body', operator: 'validatesXPath', target: { xPath: '/a' } },
    ],
    configVariables: [{ name: 'PATH', type: 'global', id: '1' }],
  },
  options: {
    tick_every: 300,
    min_failure_duration: 600,
    min_location_failed: 2,
    retry: { count: 1, interval: 300 },
  },
};

describe('importing from Datadog', () => {
  it('reads a test as a check, and names what it can not say', () => {
    const { definition, losses } = imported({ tests: [test] });
    expect(definition.checks).toEqual([
      {
        name: 'Health-of-the-API',
        description: 'It is down',
        method: 'POST',
        url: 'https://a.example/${secret.PATH}',
        json: { a: 1 },
        timeout: '5s',
        active: false,
        tags: ['core'],
        labels: { team: 'shop' },
        locations: ['aws:eu-west-3'],
        interval: '5m',
        retries: { count: 1, delay: '300ms' },
        success_criteria: [{ status_code: 200 }, { body_json: { '/data/0/up': 'yes' } }],
      },
    ]);
    expect(losses.map(({ field }) => field)).toEqual([
      'name',
      'config.assertions.2',
      'message',
      'options.min_location_failed',
    ]);
  });

  it('reads a test of several steps, what is taken from answers as captures', () => {
    const file = exportable({
      checks: [
        {
          name: 'login',
          url: 'https://a.example/login',
          locations: ['aws:eu-west-3'],
          capture: { token: '/auth/token', tag: 'header:ETag' },
          steps: [
            {
              name: 'profile',
              url: 'https://a.example/me',
              headers: { Authorization: 'Bearer ${capture.token}' },
              success_criteria: [{ status_code: 200 }],
            },
          ],
          failure_threshold: 1,
        },
      ],
    });
    const { files } = target.export(file, { settings: {} });
    const { definition } = imported(JSON.parse(files[0]?.text ?? ''));
    expect(definition.checks).toEqual([
      {
        name: 'login',
        url: 'https://a.example/login',
        locations: ['aws:eu-west-3'],
        capture: { token: '/auth/token', tag: 'header:ETag' },
        steps: [
          {
            name: 'profile',
            url: 'https://a.example/me',
            headers: { Authorization: 'Bearer ${capture.token}' },
            success_criteria: [{ status_code: 200 }],
          },
        ],
        failure_threshold: 1,
      },
    ]);
  });

  it('refuses what is no list of tests, and what holds none that we can probe', () => {
    expect(() => imported([1])).toThrow('the file holds no list of objects');
    expect(() => imported({ tests: [{ type: 'browser', name: 'x' }] })).toThrow(
      'nothing in it can be a check',
    );
  });

  it('gives the same checks as were exported, but for what was named as a loss', () => {
    fc.assert(
      fc.property(anyFile, (file) => {
        const before = withoutUsual(exportable(file));
        const { files, losses } = target.export(before, { settings: {} });
        const { tests } = JSON.parse(files[0]?.text ?? '') as { tests: { name: string }[] };
        const left = before.checks.filter(({ name }) => tests.some((each) => each.name === name));
        const dropped = before.checks.filter((check) => !left.includes(check));
        expect(
          dropped.every(({ name }) =>
            losses.some(({ check, why }) => check === name && why.includes('the check is left out')),
          ),
        ).toBe(true);
        if (left.length === 0) return;
        const { definition, losses: more } = imported({ tests });
        const told = [...losses, ...more];
        expect(differences(plainly({ ...before, checks: left }), plainly(definition), told)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
