import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import type { StackConfig } from '../config/environments.ts';
import { CountersignError, messageOf } from '../errors.ts';
import { findTool } from '../tools/find.ts';
import { compressRoute, type Route } from './compress.ts';
import type { StackPart } from './part.ts';
import { answersHttp, whenReady } from './ready.ts';

const withinMs = 30_000;

type Receiver = { name: string } & Record<string, unknown>;

interface AlertmanagerFile {
  global?: Record<string, unknown>;
  route?: Route;
  receivers?: Receiver[];
  templates?: string[];
}

export function alertmanagerPart(
  config: NonNullable<StackConfig['alertmanager']>,
  pager: boolean,
): StackPart {
  return {
    name: 'alertmanager',
    needs: pager ? ['pager'] : [],
    async start({ root, work, env, values, resolved, processes, rehearse, signal, say }) {
      const found = await findTool('alertmanager', { env, root, bring: true, say });
      const source = resolve(root, config.config);
      const text = await readFile(source, 'utf8').catch((thrown) => {
        throw new CountersignError('CONFIG_MISSING', `${config.config} can't be read: ${messageOf(thrown)}`);
      });
      const pagerUrl = pager ? `http://127.0.0.1:${values.ports['pager']}` : undefined;
      const local = localConfig(parse(await resolved.text(text)) as AlertmanagerFile, {
        rehearse,
        pagerUrl,
        templates: dirname(source),
      });
      const file = join(work, 'alertmanager.yml');
      await writeFile(file, stringify(local), { mode: 0o600 });
      const address = `127.0.0.1:${values.ports['alertmanager']}`;
      const started = await processes.start({
        name: 'alertmanager',
        command: [
          found.path,
          `--config.file=${file}`,
          `--storage.path=${join(work, 'alertmanager')}`,
          `--web.listen-address=${address}`,
          // Without gossip: it is the only one.
          '--cluster.listen-address=',
        ],
        env: {},
        cwd: work,
        wave: 1,
      });
      await whenReady(started, { probe: answersHttp(`http://${address}/-/ready`), withinMs, signal });
    },
  };
}

/** How a receiver of each kind is turned to the pager stub, with a stand-in for its credential. */
const turned: Record<string, (url: string) => Record<string, string>> = {
  webhook_configs: (url) => ({ url }),
  slack_configs: (url) => ({ api_url: url }),
  pagerduty_configs: (url) => ({ url, routing_key: 'local-stack' }),
};
const credentials = [
  'url',
  'url_file',
  'api_url',
  'api_url_file',
  'routing_key',
  'routing_key_file',
  'service_key',
  'service_key_file',
  'http_config',
];
const globalCredentials = ['slack_api_url', 'slack_api_url_file', 'pagerduty_url', 'http_config'];

/**
 * The repo's configuration for a local stack: same routes, but every receiver reaches the pager stub. A kind of
 * receiver that can't be turned is refused, because a rehearsal must never page a person.
 */
export function localConfig(
  file: AlertmanagerFile,
  options: { rehearse: number; pagerUrl: string | undefined; templates: string },
): AlertmanagerFile {
  const { rehearse, pagerUrl, templates } = options;
  return {
    ...file,
    global: without(file.global ?? {}, globalCredentials),
    route: compressRoute(file.route ?? {}, rehearse),
    receivers: (file.receivers ?? []).map((receiver) => turn(receiver, pagerUrl)),
    ...(file.templates && { templates: file.templates.map((path) => resolve(templates, path)) }),
  };
}

function turn(receiver: Receiver, pagerUrl: string | undefined): Receiver {
  const result: Receiver = { name: receiver.name };
  for (const [kind, configs] of Object.entries(receiver)) {
    if (kind === 'name') continue;
    const point = turned[kind];
    if (!point || !pagerUrl) {
      const problem = pagerUrl
        ? `\`${kind}\` can't be turned to the pager stub`
        : 'the stack has no pager stub';
      throw new CountersignError(
        'CONFIG_INVALID',
        `receiver \`${receiver.name}\` would reach the outside: ${problem}`,
        {
          hint: 'a local stack sends webhooks, Slack and PagerDuty messages to its pager stub: add `pager: {}` to the stack',
        },
      );
    }
    const url = `${pagerUrl}/${encodeURIComponent(receiver.name)}/${kind.replace('_configs', '')}`;
    result[kind] = (configs as Record<string, unknown>[]).map((config) => ({
      ...without(config, credentials),
      ...point(url),
    }));
  }
  return result;
}

function without(record: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}
