import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFile } from '../../../testing/any-checks.ts';
import { exportable } from '../../../testing/exportable.ts';
import { differences } from '../../../testing/round-trip.ts';
import { target } from '../../export/blackbox/blackbox.ts';
import { syntheticsText } from '../synthetics-text.ts';
import { importer } from './blackbox.ts';

const imported = (...texts: string[]) =>
  importer.import(texts.map((text, index) => ({ file: `${index}.yml`, text })));

const modules = `
modules:
  http_2xx:
    prober: http
    timeout: 5s
    http:
      preferred_ip_protocol: ip4
      follow_redirects: false
      valid_status_codes: [200, 204]
      fail_if_body_not_matches_regexp: ["ok", "up: \\\\d+"]
      fail_if_header_not_matches: [{header: Content-Type, regexp: "(?i)json"}]
      authorization: {credentials_file: /etc/secrets/API_TOKEN}
`;
const jobs = `
scrape_configs:
  - job_name: node
    static_configs: [{targets: ["127.0.0.1:9100"]}]
  - job_name: web
    metrics_path: /probe
    scrape_interval: 30s
    params: {module: [http_2xx]}
    static_configs:
      - targets: ["https://a.example/health", "https://b.example/"]
        labels: {team: shop}
`;
const rules = `
groups:
  - name: probes
    rules:
      - alert: Down
        expr: probe_success{job="web"} == 0
        for: 2m
        labels: {severity: critical, team: shop}
        annotations: {summary: "{{ $labels.instance }} is down", runbook_url: "https://r.example"}
      - alert: Odd
        expr: probe_success offset 5m == 0
`;

describe('modules of blackbox_exporter, and the jobs that use them', () => {
  it('are checks, one for each target', () => {
    const { definition, losses } = imported(modules, jobs, rules);
    expect(definition.checks.map(({ name }) => name)).toEqual([
      'web-https-a-example-health',
      'web-https-b-example',
    ]);
    expect(definition.checks[0]).toEqual({
      name: 'web-https-a-example-health',
      url: 'https://a.example/health',
      interval: '30s',
      timeout: '5s',
      headers: { Authorization: 'Bearer ${secret.API_TOKEN}' },
      success_criteria: [
        { status_code: [200, 204] },
        { body_contains: 'ok' },
        { body_matches: 'up: \\d+' },
        { headers_contain: { 'Content-Type': 'json' } },
      ],
      failure_threshold: 5,
      labels: { team: 'shop' },
    });
    expect(losses.map(({ check, field }) => `${check} ${field}`)).toEqual([
      '* scrape_configs.0',
      'web-https-a-example-health name',
      'web-https-b-example name',
      '* rules.Down.annotations.summary',
      '* rules.Down.labels.team',
      '* rules.Down.annotations.runbook_url',
      '* rules.Odd',
    ]);
  });

  it('follow redirects where nothing is said, and take either kind of address', () => {
    const { definition, losses } = imported(
      'modules: {http_2xx: {prober: http, http: {proxy_url: "http://p"}}}',
      jobs,
    );
    expect(definition.checks[0]).toMatchObject({ follow: 10, follow_to_private: true });
    expect(losses.filter(({ check }) => check.startsWith('web-https-a')).map(({ field }) => field)).toEqual([
      'modules.http_2xx.http.preferred_ip_protocol',
      'modules.http_2xx.http.proxy_url',
      'name',
    ]);
  });

  it('have no names for secrets in plain text, which are not repeated', () => {
    const { definition, losses } = imported(
      'modules: {http_2xx: {prober: http, http: {authorization: {credentials: planted}}}}',
      jobs,
    );
    expect(definition.checks[0]).toMatchObject({
      headers: { Authorization: 'Bearer ${secret.AUTHORIZATION}' },
    });
    expect(JSON.stringify({ definition, losses })).not.toContain('planted');
  });

  it.each([
    ['modules without jobs', [modules], 'nothing in it can be a check'],
    ['jobs without modules', [jobs], 'nothing in it can be a check'],
    ['pings', ['modules: {http_2xx: {prober: icmp}}', jobs], 'nothing in it can be a check'],
    ['a list', ['- a'], 'the file holds no map'],
  ])('refuses %s', (_name, texts, why) => {
    expect(() => imported(...texts)).toThrow(why);
  });
});

describe('there and back again', () => {
  it.each(['0.23.0', '0.29.0'])('gives the same checks, but for what was named as a loss: %s', (version) => {
    fc.assert(
      fc.property(anyFile, (file) => {
        const before = exportable(file);
        const { files, losses } = target.export(before, { settings: { version } });
        const left = before.checks.filter(
          ({ name }) =>
            !losses.some(({ check, why }) => check === name && why.includes('the check is left out')),
        );
        if (left.length === 0) return;
        const back = imported(...files.map(({ text }) => text));
        expect(syntheticsText(back.definition, 'read')).toContain('checks:');
        expect(
          differences({ ...before, checks: left }, back.definition, [...losses, ...back.losses]),
        ).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps rules, dependencies and thresholds', () => {
    const rule = { severity: 'critical', checks: ['web'] };
    const before = exportable({
      checks: [
        {
          name: 'web',
          url: 'http://a.example',
          depends_on: ['base'],
          failure_threshold: 2,
          description: 'The {{shop}}',
        },
        { name: 'base', url: 'http://b.example' },
      ],
      alerting: {
        rules: [
          { ...rule, name: 'down', condition: 'consecutive_failures >= 2', message: '${check.name} is down' },
          { ...rule, name: 'often', condition: 'failures >= 3 of 5', message: '${check.name} fails often' },
          { ...rule, name: 'slow', condition: 'p99.5 > 800ms over 10m', min_samples: 8, message: 'slow' },
          { ...rule, name: 'weekly', condition: 'availability < 98.5% over 7d', message: 'weekly' },
        ],
      },
    });
    const { definition, losses } = imported(
      ...target.export(before, { settings: {} }).files.map(({ text }) => text),
    );
    expect(losses).toEqual([]);
    expect(definition.alerting).toEqual(before.alerting);
    expect(definition.checks).toMatchObject([
      { name: 'web', depends_on: ['base'], failure_threshold: 2, description: 'The {{shop}}' },
      { name: 'base' },
    ]);
  });
});
