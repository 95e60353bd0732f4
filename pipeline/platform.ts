import type { Registry } from '@prometheus-io/client';
import type { DestinationStream } from 'pino';
import type { Config, LoadedConfig } from '#pipeline/config.ts';
import { declareFlagsHere } from '#pipeline/flags.ts';
import { createTokenProvider, envSecret, fileSecret, type TokenProvider } from '#pipeline/mono/index.ts';
import { type Database, openDatabase, patientMs } from '#pipeline/runtime/db.ts';
import { createFlagStore, type FlagStore } from '#pipeline/runtime/flag-store.ts';
import { createFlags, type Flags } from '#pipeline/runtime/flags.ts';
import { createLogger, type Logger } from '#pipeline/runtime/logging.ts';
import { createRegistry, exposeBuild, observePool } from '#pipeline/runtime/metrics.ts';
import { createPostgresTurns, type TurnStore } from '#pipeline/runtime/rate-limiter.ts';
import { createRedisTurns } from '#pipeline/runtime/rate-limiter-redis.ts';
import { version } from '#pipeline/version.ts';

/** What the service and a script that runs the pipeline by itself both stand on. */
export interface Platform {
  log: Logger;
  registry: Registry;
  db: Database;
  /** A connection of its own: whoever asks how the service is gets an answer while the pool has none to give. */
  probe: Database;
  flagStore: FlagStore;
  flags: Flags;
  token: TokenProvider;
  turns: TurnStore;
  close(): Promise<void>;
}

export interface PlatformOptions {
  config: LoadedConfig;
  env: NodeJS.ProcessEnv;
  logDestination?: DestinationStream;
}

export async function createPlatform({ config, env, logDestination }: PlatformOptions): Promise<Platform> {
  const { values } = config;
  const log = createLogger({
    level: values.LOG_LEVEL,
    instanceId: values.INSTANCE_ID,
    ...(logDestination && { destination: logDestination }),
  });
  const registry = createRegistry();
  exposeBuild(registry, version, values.GIT_SHA);
  const { db, probe } = openDatabases(values, registry, log);
  const flagStore = createFlagStore(db.within(patientMs));
  const flags = await createFlags({
    store: flagStore,
    instanceId: values.INSTANCE_ID,
    declarations: declareFlagsHere(values),
    pollIntervalMs: values.FLAG_POLL_INTERVAL_MS,
    registry,
    log,
  });
  const { REDIS_URL: redisUrl } = values;
  const turns = redisUrl === undefined ? createPostgresTurns(db) : createRedisTurns({ url: redisUrl, log });
  const keyFile = env.MONO_SECRET_KEY_FILE;
  const source = keyFile ? fileSecret(keyFile) : envSecret('MONO_SECRET_KEY', env);
  return {
    log,
    registry,
    db,
    probe,
    flagStore,
    flags,
    token: createTokenProvider({ load: source }),
    turns,
    async close() {
      turns.close();
      await Promise.all([db.close(), probe.close()]);
    },
  };
}

function openDatabases(config: Config, registry: Registry, log: Logger): Pick<Platform, 'db' | 'probe'> {
  const name = `countersign-${config.INSTANCE_ID}`.slice(0, 57);
  const onIdleError = () => log.warn({ event: 'db.connection_lost' }, 'an idle database connection was lost');
  return {
    db: openDatabase({
      url: config.DATABASE_URL,
      max: config.DB_POOL_MAX,
      maxWaiting: config.DB_POOL_MAX_WAITING,
      acquireTimeoutMs: config.DB_ACQUIRE_TIMEOUT_MS,
      connectTimeoutMs: patientMs,
      applicationName: name,
      observer: observePool(registry),
      onIdleError,
    }),
    probe: openDatabase({
      url: config.DATABASE_URL,
      max: 1,
      maxWaiting: 100,
      acquireTimeoutMs: 2000,
      statementTimeoutMs: 2000,
      applicationName: `${name}-probe`,
      onIdleError,
    }),
  };
}
