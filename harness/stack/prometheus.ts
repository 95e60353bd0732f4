import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { formatDuration, parseDuration } from '../config/duration.ts';
import type { StackConfig } from '../config/environments.ts';
import { filesMatching } from '../config/glob.ts';
import { findTool } from '../tools/find.ts';
import { type Compression, compressedInterval, compressRules } from './compress.ts';
import type { PartContext, StackPart } from './part.ts';
import { answersHttp, whenReady } from './ready.ts';

type PrometheusConfig = NonNullable<StackConfig['prometheus']>;

const withinMs = 30_000;
const defaultInterval = '1s';

export function compressionOf(config: PrometheusConfig | undefined, rehearse: number): Compression {
  const interval = parseDuration(config?.interval ?? defaultInterval);
  return { rehearse, intervalMs: compressedInterval(interval, rehearse) };
}

/** Rule files of the project that the globs name, sorted; none at all is an error. */
export function findRules(root: string, patterns: readonly string[]): Promise<string[]> {
  const hint = 'the globs stand under `stack.prometheus.rules` of the environment';
  return filesMatching(root, patterns, 'rule file', hint);
}

export function prometheusPart(config: PrometheusConfig, alertmanager: boolean): StackPart {
  return {
    name: 'prometheus',
    needs: alertmanager ? ['alertmanager'] : [],
    async start(context) {
      const { work, env, values, processes, signal, say, root } = context;
      const found = await findTool('prometheus', { env, root, bring: true, say });
      const compression = compressionOf(config, context.rehearse);
      const interval = formatDuration(compression.intervalMs);
      const file = await writeConfig(config, alertmanager, compression, context);
      const address = `127.0.0.1:${values.ports['prometheus']}`;
      const started = await processes.start({
        name: 'prometheus',
        command: [
          found.path,
          `--config.file=${file}`,
          `--storage.tsdb.path=${join(work, 'prometheus', 'data')}`,
          `--web.listen-address=${address}`,
          `--rules.alert.resend-delay=${interval}`,
        ],
        env: {},
        cwd: work,
        wave: 1,
      });
      await whenReady(started, { probe: answersHttp(`http://${address}/-/ready`), withinMs, signal });
    },
  };
}

async function writeConfig(
  config: PrometheusConfig,
  alertmanager: boolean,
  compression: Compression,
  { work, root, values, resolved }: PartContext,
): Promise<string> {
  const rules = [];
  for (const rule of await findRules(root, config.rules)) {
    const copy = join(work, 'rules', rule);
    await mkdir(dirname(copy), { recursive: true });
    await writeFile(copy, compressRules(await readFile(join(root, rule), 'utf8'), compression));
    rules.push(copy);
  }
  const interval = formatDuration(compression.intervalMs);
  const content = {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: rules,
    scrape_configs: await scrapeConfigs(config.scrape, resolved),
    ...(alertmanager && {
      alerting: {
        alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${values.ports['alertmanager']}`] }] }],
      },
    }),
  };
  const file = join(work, 'prometheus.yml');
  await writeFile(file, stringify(content), { mode: 0o600 });
  return file;
}

/** Targets of the same job stand together: Prometheus wants each job once. */
async function scrapeConfigs(scrape: PrometheusConfig['scrape'], resolved: PartContext['resolved']) {
  const targets = scrape.map(async ({ job, target, path }) => ({
    job,
    config: { targets: [await resolved.text(target)], labels: { __metrics_path__: path ?? '/metrics' } },
  }));
  const jobs = Map.groupBy(await Promise.all(targets), ({ job }) => job);
  return [...jobs].map(([job, found]) => ({
    job_name: job,
    static_configs: found.map(({ config }) => config),
  }));
}
