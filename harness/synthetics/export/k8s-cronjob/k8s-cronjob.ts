import { createHash } from 'node:crypto';
import { parseDuration } from '../../../config/duration.ts';
import type { Check } from '../../definition.ts';
import { plainCheck } from '../../plain-check.ts';
import { type Exportable, type ExportTarget, type Loss, settingOf, wholeFile } from '../define.ts';
import { openLedger } from '../ledger.ts';
import { secretsIn, variableOf } from '../templates.ts';
import { yamlText } from '../yaml-text.ts';
import { scheduleOf } from './schedule.ts';

const comment = 'Written by `countersign synthetics export --to k8s-cronjob`';
const mounted = '/etc/countersign';
/** Of the file in the ConfigMap: the secrets come as variables, whatever they come from elsewhere. */
const environment = 'cluster';
/** Start of the image and of the program, beside the probe itself. */
const startSeconds = 60;

export const target: ExportTarget = {
  name: 'k8s-cronjob',
  settings: {
    image: {
      summary: 'with countersign in it, and the files of checks that run a program or a browser',
      default: 'countersign:latest',
    },
    namespace: {
      summary: 'of Kubernetes; default: where it is applied',
      default: '',
      pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    },
    secret: {
      summary: 'name of the Secret that holds a key for each secret',
      default: 'synthetics',
      pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
    },
    project: { summary: 'folder of the image in which a check starts', default: '/project', pattern: /^\// },
    cpu: { summary: 'asked for', default: '100m', pattern: /^\d+m?$/ },
    memory: { summary: 'asked for, and the most', default: '256Mi', pattern: /^\d+[KMG]i$/ },
  },
  export(definition, options) {
    const losses: Loss[] = [];
    const setting = (name: string) => settingOf(target, options, name);
    const namespace = setting('namespace') === '' ? {} : { namespace: setting('namespace') };
    const names = namesOf(definition.checks);
    const jobs = definition.checks.map((check) =>
      cronJob(check, { name: names.get(check.name) ?? check.name, namespace, setting }, losses),
    );
    const configMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'synthetics', ...namespace },
      data: { 'checks.yml': checksFile(definition) },
    };
    openLedger(wholeFile, definition.alerting ?? {}, losses, 'alerting.').rest(nobody);
    const text = [configMap, ...jobs]
      .map((each, index) => yamlText(each, index === 0 ? { comment } : {}))
      .join('');
    return { files: [{ path: 'synthetics.yaml', text }], losses };
  },
};

const nobody = 'a Job that failed tells nobody: alert on kube_job_status_failed, or run the monitor';

interface Place {
  name: string;
  namespace: { namespace?: string };
  setting(name: string): string;
}

function cronJob(check: Check, { name, namespace, setting }: Place, losses: Loss[]): object {
  const ledger = openLedger(check.name, check, losses);
  const lose = (field: 'failure_threshold' | 'depends_on' | 'locations' | 'maintenance', why: string) => {
    const said = ledger.take(field);
    if (said !== undefined && (typeof said === 'number' ? said !== 3 : said.length > 0))
      ledger.lose(field, said, why);
  };
  lose('failure_threshold', nobody);
  lose('depends_on', 'each Job fails on its own');
  lose('locations', 'a Job runs where the cluster is');
  lose('maintenance', 'a CronJob knows no exceptions from its schedule');
  const { cron, became } = scheduleOf(check.name, check.interval);
  if (became !== undefined)
    ledger.lose(
      'interval',
      check.interval,
      'cron counts whole minutes, and parts of an hour or a day',
      became,
    );
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, ...namespace, labels: labelsOf(check), ...describedBy(check) },
    spec: {
      schedule: cron,
      timeZone: 'Etc/UTC',
      suspend: !check.active,
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: startSeconds,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: { spec: jobOf(check, setting) },
    },
  };
}

function jobOf(check: Check, setting: (name: string) => string): object {
  const { count = 0, delay = '1s' } = check.retries ?? {};
  const longestMs = parseDuration(check.timeout) * (count + 1) + parseDuration(delay) * count;
  return {
    backoffLimit: 0,
    activeDeadlineSeconds: Math.ceil(longestMs / 1000) + startSeconds,
    template: {
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [containerOf(check, setting)],
        volumes: [
          { name: 'checks', configMap: { name: 'synthetics' } },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    },
  };
}

function containerOf(check: Check, setting: (name: string) => string): object {
  const secrets = secretsIn(check);
  const memory = setting('memory');
  return {
    name: 'probe',
    image: setting('image'),
    workingDir: setting('project'),
    command: ['countersign'],
    args: [
      'synthetics',
      'run',
      `${mounted}/checks.yml`,
      '--env',
      environment,
      '--check',
      check.name,
      '--json',
    ],
    ...(secrets.length > 0 ? { env: secrets.map((name) => variable(name, setting('secret'))) } : {}),
    resources: { requests: { cpu: setting('cpu'), memory }, limits: { memory } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'checks', mountPath: mounted, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

function variable(name: string, secret: string): object {
  return { name: variableOf(name), valueFrom: { secretKeyRef: { name: secret, key: name } } };
}

/** The checks as they are; only who is told, and when nothing is monitored, a Job has no use for. */
function checksFile({ checks }: Exportable): string {
  const secrets = secretsIn(checks).map((name) => [name, { env: variableOf(name) }]);
  const none = { depends_on: [], maintenance: [], environments: [], locations: [] };
  const own = checks.map((check) => plainCheck({ ...check, ...none } as Check));
  return yamlText({
    version: '1.0',
    checks: own,
    environments: { [environment]: secrets.length > 0 ? { secrets: Object.fromEntries(secrets) } : {} },
  });
}

const labelValue = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;

/** Labels whose value Kubernetes would refuse stay in the file of the checks only. */
function labelsOf({ name, labels }: Check): Record<string, string> {
  const known = Object.entries(labels).filter(([, value]) => labelValue.test(value));
  return { 'app.kubernetes.io/managed-by': 'countersign', ...Object.fromEntries(known), check: name };
}

function describedBy({ description }: Check): object {
  return description === undefined ? {} : { annotations: { 'countersign/description': description } };
}

const longestName = 52;

/** Names that Kubernetes takes: those that would be the same, or are too long, end in a digest. */
function namesOf(checks: readonly Check[]): Map<string, string> {
  const plain = checks.map(
    ({ name }) => `synthetic-${name.toLowerCase().replaceAll('_', '-').replace(/-+$/, '')}`,
  );
  return new Map(
    checks.map(({ name }, index) => {
      const own = plain[index] ?? '';
      const unique = plain.filter((other) => other === own).length === 1;
      if (unique && own.length <= longestName) return [name, own];
      const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
      return [name, `${own.slice(0, longestName - digest.length - 1).replace(/-+$/, '')}-${digest}`];
    }),
  );
}
