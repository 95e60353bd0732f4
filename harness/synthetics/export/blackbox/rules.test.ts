import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { exportable } from '../../../testing/exportable.ts';
import { findTool } from '../../../tools/find.ts';
import { mustRun, runProgram } from '../../../tools/run.ts';
import { target } from './blackbox.ts';

const rules = [
  {
    name: 'often',
    condition: 'failures >= 3 of 5',
    severity: 'critical',
    message: '${check.name} fails often',
  },
  { name: 'slow', condition: 'p95 > 800ms over 10m', severity: 'warning', min_samples: 8 },
  { name: 'weekly', condition: 'availability < 98.5% over 1h', severity: 'critical' },
];
const result = target.export(
  exportable({
    checks: [
      {
        name: 'web',
        url: 'http://a.example',
        interval: '30s',
        success_criteria: [{ response_time_ms: '<800' }, { certificate_days: '>14' }],
        depends_on: ['base'],
      },
      { name: 'base', url: 'http://b.example', interval: '30s' },
    ],
    alerting: { rules: rules.map((rule) => ({ ...rule, checks: ['web'] })) },
  }),
  { settings: {} },
);

let folder: string;
let promtool: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-rules-'));
  promtool = (await findTool('promtool', { env: process.env, bring: true })).path;
  for (const { path, text } of result.files) await writeFile(join(folder, path), text);
});
afterAll(() => rm(folder, { recursive: true }));

describe('promtool', () => {
  it('accepts the jobs and the rules', async () => {
    const output = await mustRun(promtool, [
      'check',
      'config',
      '--lint-fatal',
      join(folder, 'prometheus.yml'),
    ]);
    expect(output).toContain('1 rule files found');
  });

  const quiet: Record<string, string> = { web: '1x40', base: '1x40', duration: '0.1x40' };
  const alerting = async (alertname: string, values: Record<string, string>, times: string[]) => {
    const series = { ...quiet, ...values };
    const input_series = [
      { series: 'probe_success{check="web",job="synthetic-web"}', values: series['web'] },
      { series: 'probe_duration_seconds{check="web",job="synthetic-web"}', values: series['duration'] },
      { series: 'probe_success{check="base",job="synthetic-base"}', values: series['base'] },
      ...(series['expiry'] === undefined
        ? []
        : [
            {
              series: 'probe_ssl_earliest_cert_expiry{check="web",job="synthetic-web"}',
              values: series['expiry'],
            },
          ]),
    ];
    const fired: string[] = [];
    for (const eval_time of times) {
      const test = {
        rule_files: [join(folder, 'synthetics.rules.yml')],
        evaluation_interval: '30s',
        tests: [
          { interval: '30s', input_series, alert_rule_test: [{ eval_time, alertname, exp_alerts: [] }] },
        ],
      };
      await writeFile(join(folder, 'test.yml'), stringify(test));
      const { code, output } = await runProgram(promtool, ['test', 'rules', join(folder, 'test.yml')]);
      if (code === 1 && output.includes('check="web"')) fired.push(eval_time);
    }
    return fired;
  };

  it.each<[string, string, Record<string, string>, string[], string[]]>([
    [
      'at the third failure in a row, 3 x 30s, and not before',
      'SyntheticFailing',
      { web: '1 0x40' },
      ['75s', '90s', '2m'],
      ['90s', '2m'],
    ],
    [
      'for a slow answer as for a wrong one',
      'SyntheticFailing',
      { duration: '0.9x40' },
      ['45s', '2m'],
      ['2m'],
    ],
    ['for a certificate with 14.5 days left', 'SyntheticFailing', { expiry: '1252800x40' }, ['2m'], ['2m']],
    ['not for one with 15.5 days left', 'SyntheticFailing', { expiry: '1339200x40' }, ['2m'], []],
    ['not while what it depends on is down', 'SyntheticFailing', { web: '0x40', base: '0x40' }, ['5m'], []],
    ['not for two failures in a row', 'SyntheticFailing', { web: '1 0 0 1 0 0 1 0 0 1' }, ['2m', '4m'], []],
    [
      'for three of five',
      'SyntheticOften',
      { web: '1 1 1 1 1 0 1 0 1 0 1 1 1 1 1' },
      ['4m15s', '4m30s', '6m'],
      ['4m30s'],
    ],
    ['for too little availability', 'SyntheticWeekly', { web: '1x10 0 1x20' }, ['4m', '10m'], ['10m']],
    [
      'for slow answers, once there are enough',
      'SyntheticSlow',
      { duration: '0.9x40' },
      ['2m', '5m'],
      ['5m'],
    ],
    ['when nothing is probed any more', 'SyntheticUnseen', { web: '1x3 stale' }, ['2m', '5m'], ['5m']],
  ])('sees it fire %s', async (_name, alertname, values, times, wanted) => {
    expect(await alerting(alertname, values, times)).toEqual(wanted);
  });
});
