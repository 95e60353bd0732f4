import { createMonoClient, type MonoClientOptions } from '../client.ts';
import { callbackSecret, createTokenProvider } from '../token-provider.ts';
import type { ClientMetrics, MonoClient, MonoPage } from '../types.ts';
import type { Timing } from './timing.ts';

/** Everything that a generator gives, as a list. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

export function rowsOf(pages: readonly MonoPage[]): Record<string, unknown>[] {
  return pages.flatMap((page) => page.transactions as Record<string, unknown>[]);
}

export interface ClientUnderTest {
  client: MonoClient;
  /** Milliseconds that the client wanted to sleep; nobody waited for them. */
  slept: number[];
  /** `GET /v2/accounts/{id} 200`, in order. */
  requests: string[];
  waits: number[];
}

export const testNow = new Date('2026-11-22T06:00:00.000Z');

/** A client whose waits take no time and whose chance is always one half. */
export function clientUnderTest(options: Partial<MonoClientOptions> & { baseUrl: string }): ClientUnderTest {
  const [slept, requests, waits]: [number[], string[], number[]] = [[], [], []];
  const timing: Timing = {
    now: () => testNow,
    monotonic: () => performance.now(),
    random: () => 0.5,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      slept.push(milliseconds);
    },
  };
  const metrics: ClientMetrics = {
    request: (template, method, status) => void requests.push(`${method} ${template} ${status}`),
    rateLimitWait: (seconds) => void waits.push(seconds),
  };
  const client = createMonoClient({
    token: createTokenProvider({ load: callbackSecret('the test', async () => 'test_sk_simulator') }),
    appId: 'app_01',
    rateLimiter: { take: async () => 0 },
    metrics,
    maxPages: 500,
    maxBodyBytes: 1_000_000,
    timeoutMs: 10_000,
    retries: 3,
    backoffFactor: () => 1,
    timing,
    ...options,
  });
  return { client, slept, requests, waits };
}
