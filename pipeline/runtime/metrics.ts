import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { Database, PoolObserver } from './db.ts';
import { type JobObserver, type JobQueue, queues } from './queue.ts';

export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Of the service and of workers, so that one of a release before is seen. */
export function exposeBuild(registry: Registry, version: string, gitSha: string): void {
  new Gauge({
    name: 'taxpoynt_build_info',
    help: '1, by the version and the commit of the process.',
    labelNames: ['version', 'git_sha'] as const,
    registers: [registry],
  }).set({ version, git_sha: gitSha }, 1);
}

/** `route` is the template, `unmatched` where none fits: a path never becomes a label. */
export function instrumentHttp(app: FastifyInstance, registry: Registry): void {
  const labelNames = ['method', 'route', 'status'] as const;
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests answered, by method, route template and status.',
    labelNames,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer a request.',
    labelNames,
    // 0.8 is what an alert compares with: a quantile is exact at a bound only.
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.8, 1, 2, 5, 10, 30],
    registers: [registry],
  });
  // Begun at zero, so that the first failure of a route already shows as an increase.
  app.addHook('onRoute', (route) => {
    for (const labels of successesOf(route)) {
      requests.inc(labels, 0);
      requests.inc({ ...labels, status: '500' }, 0);
      seconds.zero(labels);
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    const labels = {
      method: request.method,
      route: request.is404 ? 'unmatched' : (request.routeOptions.url ?? 'unmatched'),
      status: String(reply.statusCode),
    };
    requests.inc(labels);
    seconds.observe(labels, reply.elapsedTime / 1000);
  });
}

/** Of routes that say what they answer; HEAD is what Fastify adds to each GET. */
function successesOf({ method, url, schema }: RouteOptions) {
  const response = (schema?.response ?? {}) as Record<string, unknown>;
  const statuses = Object.keys(response).filter((status) => /^2\d\d$/.test(status));
  return [method]
    .flat()
    .filter((name) => name !== 'HEAD')
    .flatMap((name) => statuses.map((status) => ({ method: name, route: url, status })));
}

/** Every series begins at zero when the instance starts, so that the first job already shows as an increase. */
export function instrumentJobs(registry: Registry): JobObserver {
  const labelNames = ['queue', 'result'] as const;
  const processed = new Counter({
    name: 'jobs_processed_total',
    help: 'Jobs that ended on this instance, by queue and result.',
    labelNames,
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'job_duration_seconds',
    help: 'Time from taking a job to its end.',
    labelNames,
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300],
    registers: [registry],
  });
  for (const queue of Object.values(queues)) {
    for (const result of ['success', 'error']) {
      processed.inc({ queue, result }, 0);
      duration.zero({ queue, result });
    }
  }
  return (queue, result, seconds) => {
    processed.inc({ queue, result });
    duration.observe({ queue, result }, seconds);
  };
}

/** Before there is a pool, which tells it. */
export function observePool(registry: Registry): PoolObserver {
  const wait = new Histogram({
    name: 'db_pool_wait_seconds',
    help: 'Time until a connection of the pool was had.',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5],
    registers: [registry],
  });
  const refusals = new Counter({
    name: 'db_pool_refusals_total',
    help: 'Callers that got no connection of the pool, by reason.',
    labelNames: ['reason'] as const,
    registers: [registry],
  });
  for (const reason of ['full', 'timeout', 'unreachable']) refusals.inc({ reason }, 0);
  return {
    waited: (seconds) => wait.observe(seconds),
    refused: (reason) => refusals.inc({ reason }),
  };
}

/** A scrape must not fail because the database does: a gauge that cannot be read is left out. */
export function instrumentPlatform(registry: Registry, db: Database, queue: JobQueue): void {
  new Gauge({
    name: 'db_pool_connections',
    help: 'Connections of the pool by state, and callers that wait for one.',
    labelNames: ['state'] as const,
    registers: [registry],
    collect() {
      const { total, idle, waiting } = db.stats();
      this.set({ state: 'idle' }, idle);
      this.set({ state: 'busy' }, total - idle);
      this.set({ state: 'waiting' }, waiting);
    },
  });
  const oldest = new Gauge({
    name: 'job_oldest_age_seconds',
    help: 'Age of the oldest job of a queue in a state.',
    labelNames: ['queue', 'state'] as const,
    registers: [registry],
  });
  new Gauge({
    name: 'job_queue_depth',
    help: 'Jobs of a queue by state.',
    labelNames: ['queue', 'state'] as const,
    registers: [registry],
    async collect() {
      this.reset();
      oldest.reset();
      const depths = await queue.stats().catch(() => []);
      for (const { queue: name, state, depth, oldestSeconds } of depths) {
        this.set({ queue: name, state }, depth);
        oldest.set({ queue: name, state }, oldestSeconds);
      }
    },
  });
}
