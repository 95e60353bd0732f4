import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import underPressure from '@fastify/under-pressure';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { DestinationStream } from 'pino';
import type { Config, LoadedConfig } from '#pipeline/config.ts';
import { createDomains, createRealms, type Domain } from '#pipeline/domains.ts';
import { createPlatform, type Platform } from '#pipeline/platform.ts';
import { registerAdmin } from '#pipeline/runtime/admin.ts';
import { type Realm, registerAuth } from '#pipeline/runtime/auth.ts';
import { createDrain } from '#pipeline/runtime/drain.ts';
import { ServiceError, textOf } from '#pipeline/runtime/errors.ts';
import { documentAnswers, mapErrors, refuse } from '#pipeline/runtime/errors-http.ts';
import { registerHealth } from '#pipeline/runtime/health.ts';
import { refuseOddInput } from '#pipeline/runtime/input.ts';
import { refuseOtherMethods } from '#pipeline/runtime/methods.ts';
import { instrumentHttp, instrumentJobs, instrumentPlatform } from '#pipeline/runtime/metrics.ts';
import { areMigrationsApplied } from '#pipeline/runtime/migrations.ts';
import { createQueue, type JobQueue } from '#pipeline/runtime/queue.ts';
import { registerTracing } from '#pipeline/runtime/trace.ts';
import { createWaiter } from '#pipeline/runtime/waiter.ts';
import { registerWebSockets } from '#pipeline/runtime/websocket.ts';
import { version } from '#pipeline/version.ts';

export interface AppOptions {
  config: LoadedConfig;
  env: NodeJS.ProcessEnv;
  logDestination?: DestinationStream;
}

export interface App {
  http: FastifyInstance;
  platform: Platform;
  queue: JobQueue;
  /** Resolves when jobs are taken, which needs an up-to-date schema. */
  started: Promise<void>;
  /** Refuses new work at once, gives runs under way `DRAIN_TIMEOUT_MS`, then ends them. */
  close(): Promise<void>;
}

/** Everything but listening. */
export async function buildApp(options: AppOptions): Promise<App> {
  const { values: config } = options.config;
  const platform = await createPlatform(options);
  const { db, probe, log, registry, flags } = platform;
  const drain = createDrain(config.DRAIN_TIMEOUT_MS);
  const queue = createQueue({
    observe: instrumentJobs(registry),
    databaseUrl: config.DATABASE_URL,
    probe,
    log,
    pollIntervalMs: config.QUEUE_POLL_INTERVAL_MS,
  });
  const domains = createDomains({ config, platform, queue, signal: drain.signal });
  const http = createHttp(platform, config);
  drain.watch(http);
  await registerPlugins(http, config, createRealms(config, platform));
  mapErrors(http, (thrown) => {
    for (const { translate } of domains) {
      const error = translate?.(thrown);
      if (error) return error;
    }
    return undefined;
  });
  instrumentHttp(http, registry);
  instrumentPlatform(registry, db, queue);
  const isDraining = () => drain.isDraining;
  registerHealth(http, { probe, queue, registry, version, gitSha: config.GIT_SHA, isDraining });
  registerAdmin(http, {
    settings: options.config.settings,
    flags,
    flagStore: platform.flagStore,
    instanceId: config.INSTANCE_ID,
    rateLimitStore: platform.turns.name,
    secretSources: [{ name: 'MONO_SECRET_KEY', source: platform.token.describe() }],
    oldestTokenSeconds: () => platform.token.ageSeconds(),
  });
  for (const domain of domains) await domain.register(http);
  await http.ready();
  flags.start();
  const waiter = createWaiter();
  const started = startWork({ platform, queue, domains, waiter });
  return {
    http,
    platform,
    queue,
    started,
    async close() {
      if (drain.isDraining) return;
      drain.begin();
      waiter.stop();
      await started.catch(() => {});
      await drain.finish(queue);
      for (const domain of domains) await domain.stop?.();
      await flags.stop();
      await platform.close();
    },
  };
}

function createHttp({ log }: Platform, { TRUSTED_PROXIES: proxies }: Config): FastifyInstance {
  return Fastify({
    loggerInstance: log,
    // Access lines would drown the events; metrics count the requests.
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    trustProxy: proxies === '' ? false : proxies.split(','),
    genReqId: (request) => requestIdOf(request.headers['x-request-id']),
    bodyLimit: 1_048_576,
    routerOptions: { ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => refuse(error, request, reply),
    /** To receive a whole request; answering may take longer. */
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  }) as unknown as FastifyInstance;
}

/** A caller's id goes into our logs: only a short and plain one is taken over. */
function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}

async function registerPlugins(app: FastifyInstance, config: Config, realms: Realm[]): Promise<void> {
  app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
  registerTracing(app);
  await registerWebSockets(app);
  await registerCors(app, config.CORS_ALLOW_ORIGINS);
  await app.register(helmet);
  await app.register(underPressure, {
    maxEventLoopDelay: config.MAX_EVENT_LOOP_DELAY_MS,
    exposeStatusRoute: false,
    pressureHandler: async (request) => {
      if (request.routeOptions.config.shed !== false) throw new ServiceError('BUSY', 'too much to do');
    },
  });
  documentAnswers(app);
  refuseOddInput(app);
  refuseOtherMethods(app);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Countersign reference service', version },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
  });
  await registerAuth(app, realms);
  app.get('/api/schema/', { config: { auth: 'public' }, schema: { hide: true } }, async () => app.swagger());
}

/** Without origins there is no route of it, either: a preflight is then a method that a path does not have. */
async function registerCors(app: FastifyInstance, origins: string): Promise<void> {
  if (origins === '') return;
  await app.register(cors, {
    origin: origins.split(',').map((origin) => origin.trim()),
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    exposedHeaders: ['x-request-id', 'retry-after', 'idempotent-replayed'],
    maxAge: 600,
  });
}

interface Work {
  platform: Platform;
  queue: JobQueue;
  domains: Domain[];
  waiter: ReturnType<typeof createWaiter>;
}

/** The deploy step may come after the start: until the schema is there, /readyz says so and no job is taken. */
async function startWork({ platform, queue, domains, waiter }: Work): Promise<void> {
  let reported = '';
  while (waiter.isWaiting()) {
    try {
      if (await areMigrationsApplied(platform.db)) {
        await queue.start();
        for (const domain of domains) await domain.start?.();
        platform.log.info({ event: 'service.ready' }, 'service.ready');
        return;
      }
      throw new ServiceError('CONFLICT', 'the schema is not up to date; run scripts/migrate.ts');
    } catch (error) {
      const text = textOf(error);
      if (text !== reported) platform.log.warn({ event: 'service.not_ready', reason: text }, 'not ready yet');
      reported = text;
    }
    await waiter.pause(500);
  }
}
