import { formatDuration, parseDuration } from '../../../config/duration.ts';
import { isAtLeast } from '../../../tools/pins.ts';
import type { Check } from '../../definition.ts';
import { type Exportable, type ExportTarget, type Loss, settingOf, wholeFile } from '../define.ts';
import { goDuration } from '../durations.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import { plain, secretsIn } from '../templates.ts';
import { yamlText } from '../yaml-text.ts';
import { noSecrets } from './criteria.ts';
import { type Probe, probes, type Surroundings } from './module.ts';
import { groupOf, longestIntervalMs } from './rules.ts';

const comment = 'Written by `countersign synthetics export --to blackbox`';
/** What the exporter takes off the time that Prometheus gives it. */
const offsetMs = 500;

export const target: ExportTarget = {
  name: 'blackbox',
  settings: {
    version: {
      summary: 'of blackbox_exporter: CEL from 0.27, sockets from 0.29',
      default: '0.23.0',
      pattern: /^\d+\.\d+(\.\d+)?$/,
    },
    exporter: { summary: 'address under which Prometheus reaches the exporter', default: '127.0.0.1:9115' },
    'name-server': { summary: 'asked by checks of type dns that name none, such as 192.0.2.1:53' },
    'secrets-folder': {
      summary: 'where the exporter finds a file for each secret',
      default: '/etc/blackbox/secrets',
    },
  },
  export(definition, options) {
    const losses: Loss[] = [];
    const setting = (name: string) => settingOf(target, options, name);
    const around = {
      cel: isAtLeast(setting('version'), '0.27.0'),
      websocket: isAtLeast(setting('version'), '0.29.0'),
      nameServer: setting('name-server'),
      secretsFolder: setting('secrets-folder'),
    };
    const probed = definition.checks.flatMap((check) => {
      const probe = probeOf(check, around, losses);
      return probe ? [{ check, ...probe, job: jobOf(check, probe, setting('exporter'), losses) }] : [];
    });
    const modules = probed.map(({ check, prober, module }) => [
      check.name,
      { prober, timeout: goDuration(check.timeout), [prober]: module },
    ]);
    const here = { ...definition, checks: probed.map(({ check }) => check) };
    const groups = probed.map(({ check, parts }) => groupOf(check, parts, here, losses));
    loseAlerting(definition, losses);
    const prometheus = { rule_files: ['synthetics.rules.yml'], scrape_configs: probed.map(({ job }) => job) };
    return {
      files: [
        { path: 'blackbox.yml', text: yamlText({ modules: Object.fromEntries(modules) }, { comment }) },
        {
          path: 'prometheus.yml',
          text: yamlText(prometheus, { comment: `${comment}: parts for prometheus.yml` }),
        },
        { path: 'synthetics.rules.yml', text: yamlText({ groups }, { comment }) },
      ],
      losses,
    };
  },
};

const handled = [
  'name',
  'type',
  'timeout',
  'failure_threshold',
  'depends_on',
  'labels',
  'environments',
  'description',
  'interval',
] as const;

const reasons: Readonly<Record<string, string>> = {
  retries: 'the exporter does not try again',
  locations: 'one exporter probes from one place: start one in each',
  maintenance: 'Alertmanager mutes by time: give its route a mute_time_interval',
  tags: 'there are labels only',
  expect: 'blackbox_exporter can not judge it',
};

function probeOf(check: Check, around: Surroundings, losses: Loss[]): Probe | undefined {
  const ledger = openLedger(check.name, check, losses);
  for (const field of handled) ledger.take(field);
  const translate = probes[check.type] as
    | ((ledger: Ledger<Check>, around: Surroundings) => Probe | undefined)
    | undefined;
  if (!translate) {
    ledger.lose('type', check.type, `blackbox_exporter can not run a ${check.type}: the check is left out`);
    return undefined;
  }
  if (!ledger.take('active')) {
    ledger.lose('active', 'false', 'a target is scraped or is not there: the check is left out');
    return undefined;
  }
  const probe = translate(ledger, around);
  if (probe) ledger.rest((field) => reasons[field] ?? 'blackbox_exporter has nothing like it');
  return probe;
}

const reservedLabels = new Set(['job', 'instance', 'check', 'severity', 'alertname']);

function jobOf(check: Check, { target: address }: Probe, exporter: string, losses: Loss[]): object {
  const lose = (field: string, said: string, why: string, became?: string) =>
    losses.push({ check: check.name, field, said, why, ...(became === undefined ? {} : { became }) });
  const saidMs = parseDuration(check.interval);
  const intervalMs = Math.min(saidMs, longestIntervalMs);
  if (intervalMs < saidMs) {
    const became = formatDuration(intervalMs);
    lose(
      'interval',
      check.interval,
      'Prometheus forgets a sample after five minutes; alerts still wait as long',
      became,
    );
  }
  const timeoutMs = Math.min(parseDuration(check.timeout) + offsetMs, intervalMs);
  if (timeoutMs - offsetMs < parseDuration(check.timeout)) {
    const became = formatDuration(timeoutMs - offsetMs);
    lose('timeout', check.timeout, 'the exporter gives up half a second before the next scrape', became);
  }
  const labels = Object.entries(check.labels).filter(([label, value]) => {
    const free = !reservedLabels.has(label) && !label.startsWith('__');
    if (!free) lose(`labels.${label}`, value, 'Prometheus has a use of its own for this label');
    const open = secretsIn(value).length === 0;
    if (!open) lose(`labels.${label}`, value, noSecrets);
    return free && open;
  });
  return {
    job_name: `synthetic-${check.name}`,
    metrics_path: '/probe',
    params: { module: [check.name] },
    scrape_interval: formatDuration(intervalMs),
    scrape_timeout: formatDuration(timeoutMs),
    static_configs: [
      {
        targets: [address],
        labels: {
          check: check.name,
          ...Object.fromEntries(labels.map(([label, value]) => [label, plain(value)])),
        },
      },
    ],
    relabel_configs: [
      { source_labels: ['__address__'], target_label: '__param_target' },
      { source_labels: ['__param_target'], target_label: 'instance' },
      { target_label: '__address__', replacement: exporter },
    ],
  };
}

/** What Alertmanager decides, and not the rules. */
function loseAlerting({ alerting = {} }: Exportable, losses: Loss[]): void {
  const file = openLedger(wholeFile, alerting, losses, 'alerting.');
  for (const [index, rule] of (file.take('rules') ?? []).entries()) {
    const ledger = file.inside(`rules.${index}`, rule);
    for (const field of [
      'name',
      'condition',
      'severity',
      'message',
      'checks',
      'match',
      'min_samples',
    ] as const)
      ledger.take(field);
    ledger.rest((field) =>
      field === 'every' ? 'rules are judged as often as their check is probed' : whoIsTold,
    );
  }
  file.rest(whoIsTold);
}

const whoIsTold = 'Alertmanager decides who is told, by the labels of an alert';
