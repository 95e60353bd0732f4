import { resolve } from 'node:path';
import type { Clock } from '../checks/define.ts';
import type { SourceConfig } from '../config/environments.ts';
import type { ResolvedEnvironment } from '../config/resolve.ts';
import { CountersignError } from '../errors.ts';
import type { Sources } from './define.ts';

export interface SourcesOptions {
  /** Ends everything that is still being asked when the run ends. */
  signal: AbortSignal;
  clock: Clock;
  /** Relative paths of log files start here. */
  root: string;
}

type Kind = SourceConfig['kind'];
type ConfigOf<K extends Kind> = Extract<SourceConfig, { kind: K }>;
type Environment = Pick<ResolvedEnvironment, 'name' | 'sources' | 'source'>;

/** Clients for what an environment declares: each is made when first asked for, once. */
export function makeSources(environment: Environment, { signal, clock, root }: SourcesOptions): Sources {
  const made = new Map<string, Promise<unknown>>();
  const closing = new AbortController();
  const stop = AbortSignal.any([signal, closing.signal]);

  async function find<K extends Kind, T>(
    kinds: readonly K[],
    name: string | undefined,
    make: (config: ConfigOf<K>, name: string) => Promise<T>,
  ): Promise<T> {
    const chosen = choose(environment, kinds, name);
    let client = made.get(chosen) as Promise<T> | undefined;
    if (!client) {
      client = environment.source(chosen).then((config) => make(config as ConfigOf<K>, chosen));
      made.set(chosen, client);
      // What is missing now, such as a stack that is starting, may be there at the next attempt.
      client.catch(() => made.delete(chosen));
    }
    return client;
  }

  return {
    http: (name) =>
      find(['http'], name, async ({ url, headers }, known) => {
        const { createHttp } = await import('./http.ts');
        return createHttp({ name: known, url, headers: headers ?? {}, signal: stop, clock });
      }),
    postgres: (name) =>
      find(['postgres'], name, async ({ url }, known) => {
        const { createPostgres } = await import('./postgres.ts');
        return createPostgres({ name: known, url, signal: stop });
      }),
    prometheus: (name) =>
      find(['prometheus'], name, async ({ url, headers }, known) => {
        const { createPrometheus } = await import('./prometheus.ts');
        return createPrometheus({ name: known, url, headers: headers ?? {} });
      }),
    alertmanager: (name) =>
      find(['alertmanager'], name, async ({ url, headers }, known) => {
        const { createAlertmanager } = await import('./alertmanager.ts');
        return createAlertmanager({ name: known, url, headers: headers ?? {} });
      }),
    logs: (name) => find(['logfile', 'loki'], name, (config, known) => makeLogs(config, known, root)),
    close: async () => closing.abort(),
  };
}

async function makeLogs(config: ConfigOf<'logfile' | 'loki'>, name: string, root: string) {
  if (config.kind === 'logfile') {
    const { createLogFile } = await import('./logfile.ts');
    return createLogFile({ name, path: resolve(root, config.path), time: config.time });
  }
  const { createLoki } = await import('./loki.ts');
  return createLoki({ name, url: config.url, query: config.query, headers: config.headers ?? {} });
}

function choose(environment: Environment, kinds: readonly Kind[], name: string | undefined): string {
  const fitting = Object.keys(environment.sources).filter((each) => {
    const config = environment.sources[each];
    return config !== undefined && kinds.includes(config.kind);
  });
  const [only, ...others] = fitting;
  if (name === undefined && only !== undefined && others.length === 0) return only;
  if (name !== undefined && fitting.includes(name)) return name;
  const kind = kinds.join(' or ');
  const found = fitting.length === 0 ? `it has no ${kind} source` : `it has ${fitting.join(', ')}`;
  const message =
    name === undefined
      ? `environment \`${environment.name}\` has no single ${kind} source: ${found}`
      : `environment \`${environment.name}\` has no ${kind} source \`${name}\`: ${found}`;
  throw new CountersignError('UNKNOWN_SOURCE', message);
}
