import Fastify, { type FastifyInstance } from 'fastify';
import type { LoadedConfig } from '#pipeline/config.ts';
import { domainsOf } from '#pipeline/config-domains.ts';
import { createPayoutsWorker, providers } from '#pipeline/payouts/index.ts';
import { createPlatform, type Platform } from '#pipeline/platform.ts';
import { patientMs } from '#pipeline/runtime/db.ts';
import { ServiceError, textOf } from '#pipeline/runtime/errors.ts';
import { areMigrationsApplied } from '#pipeline/runtime/migrations.ts';
import { createWaiter } from '#pipeline/runtime/waiter.ts';

export interface WorkerApp {
  http: FastifyInstance;
  platform: Platform;
  /** Takes nothing more, and ends what is under way. */
  close(): Promise<void>;
}

export interface WorkerOptions {
  config: LoadedConfig;
  env: NodeJS.ProcessEnv;
}

/** Payouts are sent and asked for here; no route but those that tell how it is. Any number of them may run. */
export async function buildWorker(options: WorkerOptions): Promise<WorkerApp> {
  const config = options.config.values;
  if (!domainsOf(config).has('payouts')) {
    throw new ServiceError(
      'CONFIG_INVALID',
      'bad configuration: --worker is for payouts, which DOMAINS leaves out',
    );
  }
  // Each payout that is under way may wait for a connection, and nobody waits for it.
  const DB_POOL_MAX_WAITING = Math.max(
    config.DB_POOL_MAX_WAITING,
    config.PAYOUT_BATCH * providers.length + 10,
  );
  const DB_ACQUIRE_TIMEOUT_MS = Math.max(config.DB_ACQUIRE_TIMEOUT_MS, patientMs);
  const values = { ...config, DB_POOL_MAX_WAITING, DB_ACQUIRE_TIMEOUT_MS };
  const platform = await createPlatform({ ...options, config: { ...options.config, values } });
  const { probe, flags, registry } = platform;
  const worker = createPayoutsWorker({ config, ...platform });
  const http = Fastify({ forceCloseConnections: true });
  const isUp = () =>
    probe.query('SELECT 1').then(
      () => true,
      () => false,
    );
  http.get('/healthz', async (_request, reply) => {
    const ok = worker.isAlive();
    return reply.code(ok ? 200 : 503).send({ ok, db_ok: await isUp() });
  });
  http.get('/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
  const waiter = createWaiter();
  const begun = begin(platform, worker, waiter);
  return {
    http,
    platform,
    async close() {
      waiter.stop();
      await begun;
      await worker.stop();
      await http.close();
      await flags.stop();
      await platform.close();
    },
  };
}

/** When the schema is there, and what is paused is known: before that nothing is claimed. */
async function begin(
  { probe, flags, log }: Platform,
  worker: { start(): void },
  waiter: ReturnType<typeof createWaiter>,
): Promise<void> {
  const areFlagsRead = () =>
    flags.refresh().then(
      () => true,
      (error) => {
        log.warn({ err: textOf(error) }, 'flags could not be read');
        return false;
      },
    );
  while (waiter.isWaiting()) {
    if ((await areMigrationsApplied(probe).catch(() => false)) && (await areFlagsRead())) {
      flags.start();
      worker.start();
      log.info({ event: 'worker.ready' }, 'worker.ready');
      return;
    }
    await waiter.pause(500);
  }
}
