import {
  type Client,
  OpenFeature,
  type Provider,
  type ResolutionDetails,
  TypeMismatchError,
} from '@openfeature/server-sdk';
import { Gauge, type Registry } from '@prometheus-io/client';
import { ServiceError, textOf } from './errors.ts';
import type { FlagStore, FlagValue, Override } from './flag-store.ts';
import type { Logger } from './logging.ts';

export interface FlagDeclaration {
  name: string;
  /** From configuration: what the flag should be when nobody has turned it at run time. */
  declared: FlagValue;
  description: string;
  /** For numbers. */
  minimum?: number;
  maximum?: number;
}

export interface FlagView {
  flag: string;
  description: string;
  declared: FlagValue;
  running: FlagValue;
  source: FlagSource;
  drift: boolean;
}

export type FlagSource = 'declared' | 'override-instance' | 'override-all';

export interface Flags {
  enabled(name: string): Promise<boolean>;
  number(name: string): number;
  view(): FlagView[];
  declarations: readonly FlagDeclaration[];
  /** Reads the overrides now, so that a decision that matters does not rest on the last poll. */
  refresh(): Promise<void>;
  /** Runs now and whenever a running value changes. */
  watch(onChange: (values: ReadonlyMap<string, FlagValue>) => void): void;
  start(): void;
  stop(): Promise<void>;
}

export interface FlagOptions {
  store: FlagStore;
  instanceId: string;
  declarations: readonly FlagDeclaration[];
  pollIntervalMs: number;
  registry: Registry;
  log: Logger;
}

export async function createFlags(options: FlagOptions): Promise<Flags> {
  const { store, instanceId, declarations, log } = options;
  let overrides: Override[] = [];
  let last = '';
  let asked = 0;
  let applied = 0;
  const watchers: ((values: ReadonlyMap<string, FlagValue>) => void)[] = [];

  const view = () => declarations.map((declaration) => resolve(declaration, overrides, instanceId));
  const values = () => new Map(view().map(({ flag, running }) => [flag, running]));
  const client = await openFeatureClient(instanceId, (flag) => findFlag(view(), flag));
  const gauges = createGauges(options.registry);

  function publish(): void {
    const now = view();
    for (const { flag, declared, running } of now) gauges(flag, declared, running);
    const seen = JSON.stringify(now.map(({ flag, running }) => [flag, running]));
    if (seen === last) return;
    last = seen;
    log.info({ event: 'flags.changed', flags: Object.fromEntries(values()) }, 'flags.changed');
    for (const watcher of watchers) watcher(values());
  }

  async function refresh(): Promise<void> {
    const turn = ++asked;
    const found = await store.overrides();
    // An older answer that comes late must not undo a newer one.
    if (turn < applied) return;
    applied = turn;
    overrides = found;
    publish();
  }

  const tick = () =>
    refresh()
      .then(() => store.report(instanceId, view()))
      // The last known values hold: a database that is away must not flip a flag.
      .catch((error) => log.warn({ err: textOf(error) }, 'flags could not be refreshed'));

  publish();
  const poll = createPoll(tick, options.pollIntervalMs);
  return {
    declarations,
    view,
    refresh,
    enabled: (name) => client.getBooleanValue(name, false),
    number: (name) => Number(values().get(name)),
    watch(onChange) {
      watchers.push(onChange);
      onChange(values());
    },
    start: poll.start,
    async stop() {
      await poll.stop();
      await store.withdraw(instanceId).catch(() => {});
    },
  };
}

function findFlag(views: FlagView[], flag: string): FlagView {
  const found = views.find((candidate) => candidate.flag === flag);
  if (!found) throw new ServiceError('NOT_FOUND', `no flag ${flag}`);
  return found;
}

/** One turn at a time; stopping waits for the one under way. */
function createPoll(turn: () => Promise<void>, intervalMs: number) {
  let timer: NodeJS.Timeout | undefined;
  let current = Promise.resolve();
  let stopped = false;
  const next = () => {
    current = turn().then(() => {
      if (!stopped) timer = setTimeout(next, intervalMs);
    });
  };
  return {
    start: next,
    stop() {
      stopped = true;
      clearTimeout(timer);
      return current;
    },
  };
}

function resolve(declaration: FlagDeclaration, overrides: Override[], instanceId: string): FlagView {
  const { name, declared, description } = declaration;
  const of = (instance: string) =>
    overrides.find((entry) => entry.flag === name && entry.instance === instance);
  const own = of(instanceId);
  const all = of('*');
  const running = own?.value ?? all?.value ?? declared;
  const source: FlagSource = own ? 'override-instance' : all ? 'override-all' : 'declared';
  return { flag: name, description, declared, running, source, drift: running !== declared };
}

async function openFeatureClient(domain: string, find: (flag: string) => FlagView): Promise<Client> {
  // `never` fits whatever type the SDK asks for; that it is the right one is checked first.
  const details = (flag: string, type: string): ResolutionDetails<never> => {
    const { running, source } = find(flag);
    if (typeof running !== type) throw new TypeMismatchError(`${flag} is not a ${type}`);
    return { value: running as never, reason: source === 'declared' ? 'STATIC' : 'TARGETING_MATCH' };
  };
  const provider: Provider = {
    metadata: { name: 'postgres-overrides' },
    runsOn: 'server',
    resolveBooleanEvaluation: async (flag) => details(flag, 'boolean'),
    resolveNumberEvaluation: async (flag) => details(flag, 'number'),
    resolveStringEvaluation: async (flag) => details(flag, 'string'),
    resolveObjectEvaluation: async (flag) => details(flag, 'object'),
  };
  await OpenFeature.setProviderAndWait(domain, provider);
  return OpenFeature.getClient(domain);
}

function createGauges(registry: Registry) {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['flag'] as const, registers: [registry] });
  const running = gauge('taxpoynt_feature_flag', 'Value that the flag has on this instance; on is 1.');
  const declared = gauge('taxpoynt_feature_flag_declared', 'Value that configuration declares; on is 1.');
  return (flag: string, declaredValue: FlagValue, runningValue: FlagValue) => {
    running.set({ flag }, Number(runningValue));
    declared.set({ flag }, Number(declaredValue));
  };
}
