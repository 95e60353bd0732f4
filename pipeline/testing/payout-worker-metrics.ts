import { loadConfig } from '#pipeline/config.ts';
import { buildWorker, type WorkerApp } from '#pipeline/worker.ts';

const ofWorkers = /^(# (HELP|TYPE) )?payout_(attempts_total|worker_)/;

export interface TestWorkerApp {
  app: WorkerApp;
  /** What Prometheus sees of a service and this worker, were both one target: no series twice. */
  besides(service: string): Promise<string>;
  stop(): Promise<void>;
}

/** A worker in this process, at work on a database that has its schema. */
export async function startWorkerApp(env: NodeJS.ProcessEnv): Promise<TestWorkerApp> {
  const own = { ...env, DOMAINS: 'payouts', LOG_LEVEL: 'silent' };
  const app = await buildWorker({ config: loadConfig(own), env: own });
  const lines = (text: string, isOfWorkers: boolean) =>
    text.split('\n').filter((line) => ofWorkers.test(line) === isOfWorkers && line !== '');
  return {
    app,
    async besides(service) {
      const worker = await app.platform.registry.metrics();
      return [...lines(service, false), ...lines(worker, true), ''].join('\n');
    },
    stop: () => app.close(),
  };
}
