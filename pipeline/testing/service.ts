import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { type App, buildApp } from '#pipeline/app.ts';
import { loadConfig } from '#pipeline/config.ts';
import { seedAccount } from '#pipeline/mono/seed.ts';
import type { Role } from '#pipeline/runtime/auth.ts';
import { mintToken } from '#pipeline/runtime/token.ts';
import type { MonoSimulatorOptions } from '#pipeline/simulators/mono/options.ts';
import { type RunningSimulator, startMonoSimulator } from '#pipeline/simulators/mono/start.ts';
import { createAnswerCheck, type OpenApiDocument } from './openapi.ts';

export const jwtSecret = 'a-secret-of-the-test-suite';
export const payoutsSecret = 'another-secret-of-the-test-suite';

export type LogLine = Record<string, unknown> & { event?: string };

export interface TestService {
  app: App;
  lines: LogLine[];
  /** Resolves with the first line, past or to come, that fits. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>;
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, options?: CallOptions): Promise<Answer>;
  metrics(): Promise<string>;
  close(): Promise<void>;
}

export interface CallOptions {
  role?: Role | null;
  /** Whose key signs the token; JWT_SECRET_KEY by default. */
  secret?: string;
  sub?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers whose shape is what they assert
  body: any;
}

export const testEnv = (databaseUrl: string, simulator?: RunningSimulator): NodeJS.ProcessEnv => ({
  DATABASE_URL: databaseUrl,
  JWT_SECRET_KEY: jwtSecret,
  JWT_SECRET: payoutsSecret,
  MONO_SECRET_KEY: 'test_sk_simulator',
  MONO_APP_ID: 'app_test',
  MONO_PUBLIC_KEY: 'test_pk',
  MONO_WEBHOOK_SECRET: 'sec_test_mono',
  MONO_TRANSACTIONS_ENABLED: 'true',
  MONO_RATE_LIMIT_PER_MINUTE: '100000',
  MONO_RETRIES: '0',
  // A machine that is busy with other tests is no reason to refuse anything.
  DB_ACQUIRE_TIMEOUT_MS: '20000',
  // A loop that stood still for a whole sample counts as one that lags for ever.
  MAX_EVENT_LOOP_DELAY_MS: '0',
  FLAG_POLL_INTERVAL_MS: '100',
  QUEUE_POLL_INTERVAL_MS: '500',
  INSTANCE_ID: `test-${randomUUID().slice(0, 8)}`,
  ...(simulator && { MONO_BASE_URL: simulator.url }),
});

/** The application on a real database, without a port of its own. */
export async function startService(env: NodeJS.ProcessEnv): Promise<TestService> {
  const lines: LogLine[] = [];
  const waiting: { fits(line: LogLine): boolean; resolve(line: LogLine): void }[] = [];
  const logDestination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const text of chunk.toString().split('\n').filter(Boolean)) {
        const line = JSON.parse(text) as LogLine;
        lines.push(line);
        for (const { fits, resolve } of waiting) if (fits(line)) resolve(line);
      }
      done();
    },
  });
  const app = await buildApp({ config: loadConfig(env), env, logDestination });
  // Whatever a test asks, its answer has to be as the service describes it.
  const checkAnswer = createAnswerCheck(app.http.swagger() as OpenApiDocument);
  return {
    app,
    lines,
    logged(fits) {
      const found = lines.find(fits);
      if (found) return Promise.resolve(found);
      return new Promise((resolve) => void waiting.push({ fits, resolve }));
    },
    async call(method, url, options = {}) {
      const { role = 'SYSTEM_INTEGRATOR', sub = 'si-test', secret = jwtSecret, body, headers = {} } = options;
      const authorization = role && `Bearer ${mintToken(secret, { sub, role }, 60)}`;
      const response = await app.http.inject({
        method,
        url,
        headers: { ...headers, ...(authorization && { authorization }) },
        ...(body !== undefined && { payload: body as string | object }),
      });
      const isJson = String(response.headers['content-type']).includes('json');
      const { statusCode: status, headers: answered } = response;
      const answer = isJson ? response.json() : response.body;
      if (isJson) checkAnswer({ method, url, status, body: answer });
      return { status, headers: answered, body: answer };
    },
    metrics: () => app.platform.registry.metrics(),
    close: () => app.close(),
  };
}

export interface TestAccount {
  accountId: string;
  connectionId: string;
}

export async function linkAccount(
  service: TestService,
  monoAccountId: string,
  siId = 'si-test',
): Promise<TestAccount> {
  const ids = { accountId: randomUUID(), connectionId: randomUUID() };
  await seedAccount(service.app.platform.db, {
    ...ids,
    siId,
    monoAccountId,
    providerAccountId: 'provider-1',
    accountNumber: '0123456789',
  });
  return ids;
}

/** Seeded rows end a day ago, so that windows relative to now hold them. */
export function startSimulator(options: MonoSimulatorOptions = {}): Promise<RunningSimulator> {
  return startMonoSimulator(options);
}
