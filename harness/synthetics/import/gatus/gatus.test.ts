import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFile } from '../../../testing/any-checks.ts';
import { exportable } from '../../../testing/exportable.ts';
import { differences } from '../../../testing/round-trip.ts';
import { target } from '../../export/gatus/gatus.ts';
import { syntheticsText } from '../synthetics-text.ts';
import { importer } from './gatus.ts';

const imported = (text: string) => importer.import([{ file: 'gatus.yaml', text }]);
const endpoint = (text: string) => {
  const { definition, losses } = imported(`endpoints:\n  - ${text.trim().replaceAll('\n', '\n    ')}\n`);
  return {
    check: definition.checks[0],
    losses: losses.map(({ field, became }) => [field, became].filter(Boolean)),
  };
};

describe('a configuration of Gatus', () => {
  it('is read with its names and units', () => {
    const { definition, losses } = imported(`
alerting: { pagerduty: { integration-key: "\${PD_KEY}" } }
endpoints:
  - name: website
    url: "https://twin.example/health?cost=$$5"
    interval: 30s
    client: { timeout: 5s, ignore-redirect: true }
    headers: { Authorization: "Bearer $TOKEN" }
    conditions: ["[STATUS] == 200", "[BODY].status == UP", "[RESPONSE_TIME] < 300", "[CERTIFICATE_EXPIRATION] > 48h"]
    alerts:
      - { type: pagerduty, failure-threshold: 5, success-threshold: 1, send-on-resolved: true, description: "healthcheck failed" }
`);
    expect(losses).toEqual([]);
    expect(definition).toEqual({
      version: '1.0',
      checks: [
        {
          name: 'website',
          description: 'healthcheck failed',
          url: 'https://twin.example/health?cost=$5',
          interval: '30s',
          timeout: '5s',
          headers: { Authorization: 'Bearer ${secret.TOKEN}' },
          success_criteria: [
            { status_code: 200 },
            { response_time_ms: '<300' },
            { certificate_days: '>=2' },
            { body_json: { '/status': 'UP' } },
          ],
          failure_threshold: 5,
        },
      ],
      alerting: { channels: [{ type: 'pagerduty', secret: 'PD_KEY', enabled: true }] },
    });
  });

  it('keeps the meaning of what Gatus does where nothing is said', () => {
    const { check, losses } = endpoint(
      'name: a\nurl: http://a.example\nconditions: ["[RESPONSE_TIME] < 1s"]',
    );
    expect(check).toMatchObject({
      success_criteria: [{ response_time_ms: '<1000' }],
      expect: ['status > 0'],
      follow: 10,
      follow_to_private: true,
    });
    expect(losses).toEqual([['client.ignore-redirect', 'follow: 10']]);
  });

  it.each<[string, string, unknown, unknown[]]>([
    ['a name with spaces', 'name: back end', { name: 'back-end' }, [['name', 'back-end']]],
    ['a group', 'name: a\ngroup: core', { labels: { group: 'core' } }, [['group', 'labels.group: core']]],
    ['a function of its own', 'name: a\nconditions: ["len([BODY].x) > 0"]', {}, [['conditions.0']]],
    ['a header', 'name: a\nconditions: ["[HEADER].A == b"]', {}, [['conditions.0']]],
    ['the expiry of a domain', 'name: a\nconditions: ["[DOMAIN_EXPIRATION] > 720h"]', {}, [['conditions.0']]],
    ['other statuses', 'name: a\nconditions: ["[STATUS] < 400"]', { expect: ['status < 400'] }, []],
    ['an interval of days', 'name: a\ninterval: 36h', { interval: '1d12h' }, []],
    [
      'what a client of Gatus can do',
      'name: a\nclient: {ignore-redirect: true, proxy-url: "http://p"}',
      {},
      [['client.proxy-url']],
    ],
    ['looks', 'name: a\nui: {hide-url: true}', {}, [['ui']]],
  ])('names %s', (_name, text, wanted, lost) => {
    const rest = text.includes('client') ? '' : '\nclient: {ignore-redirect: true}';
    const { check, losses } = endpoint(`${text}\nurl: http://a.example${rest}`);
    expect(check).toMatchObject(wanted as object);
    expect(losses).toEqual(lost);
  });

  it('does not repeat a key that stands in the file in plain text', () => {
    const { definition, losses } = imported(
      'alerting: {slack: {webhook-url: "https://hooks.example/planted"}, email: {password: planted}}\nendpoints: [{name: a, url: "tcp://a.example:1", conditions: ["[CONNECTED] == true"]}]',
    );
    expect(definition.alerting).toEqual({
      channels: [{ type: 'slack', secret: 'SLACK_WEBHOOK_URL', enabled: false }],
    });
    expect(losses.map(({ field }) => field)).toEqual(['alerting.slack.webhook-url', 'alerting.email']);
    expect(JSON.stringify({ definition, losses })).not.toContain('planted');
  });

  it.each([
    ['no configuration of it', 'modules: {}', 'nothing in it can be a check'],
    ['no map', '- a', 'the file holds no map'],
    ['no YAML', 'a: [', 'Flow sequence'],
    [
      'probes that are not ours',
      'endpoints: [{name: a, url: "icmp://a.example"}]',
      'nothing in it can be a check',
    ],
  ])('refuses %s', (_name, text, why) => {
    expect(() => imported(text)).toThrow(why);
  });
});

describe('there and back again', () => {
  it('gives the same checks, but for what was named as a loss', () => {
    fc.assert(
      fc.property(anyFile, (file) => {
        const before = exportable(file);
        const { files, losses } = target.export(before, { settings: {} });
        const left = before.checks.filter(
          ({ name }) =>
            !losses.some(({ check, why }) => check === name && why.includes('the check is left out')),
        );
        if (left.length === 0) return;
        const back = imported(files[0]?.text ?? '');
        const text = syntheticsText(back.definition, 'read');
        expect(text).toContain('checks:');
        expect(
          differences({ ...before, checks: left }, back.definition, [...losses, ...back.losses]),
        ).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
