import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { buildApp } from '#pipeline/app.ts';
import { loadConfig } from '#pipeline/config.ts';
import { mintToken } from '#pipeline/runtime/token.ts';
import { fundedWallet } from '#pipeline/testing/payouts.ts';
import { startTestDatabase } from '#pipeline/testing/postgres.ts';
import { payoutsSecret } from '#pipeline/testing/service.ts';
import { type Flooded, flood } from './load/flood.ts';

/**
 * A pool of the default size, and ten times as many requests at any moment for a list whose statement has become slow.
 * Settings are those of a service that nobody has tuned.
 */
const poolSize = 10;
const atOnce = 10 * poolSize;
const loadMs = 10_000;
const patienceMs = 10_000;
const goalMs = { refused: 250, recovered: 2000 };

/** Half a second for each row that is read. */
const slowDown = `ALTER TABLE app.wallets RENAME TO wallets_held;
  CREATE VIEW app.wallets AS SELECT held.* FROM app.wallets_held held CROSS JOIN LATERAL pg_sleep(0.5)`;

export async function bench(): Promise<string[]> {
  const postgres = await startTestDatabase();
  const env = { DATABASE_URL: await postgres.fresh(), JWT_SECRET: payoutsSecret, DOMAINS: 'payouts' };
  const quiet = new Writable({ write: (_chunk, _encoding, done) => done() });
  const app = await buildApp({ config: loadConfig(env), env, logDestination: quiet });
  try {
    await app.started;
    const { userId } = await fundedWallet(app.platform.db, 1000);
    const authorization = `Bearer ${mintToken(payoutsSecret, { sub: userId, role: 'USER' }, 3600)}`;
    await app.platform.db.query(slowDown);
    const url = await app.http.listen({ host: '127.0.0.1', port: 0 });
    const watch = watchHealth(url);
    const slow = { url, path: '/v1/wallets', authorization };
    const found = await flood({ ...slow, atOnce, milliseconds: loadMs, patienceMs });
    // Of nobody's payout: no row is read.
    const recoveredMs = await untilServed(`${url}/v1/payouts/${randomUUID()}`, authorization);
    return report(found, await watch.stop(), recoveredMs);
  } finally {
    await app.close();
    await postgres.stop();
  }
}

function report(found: Flooded, health: number[], recoveredMs: number): string[] {
  const { served, refusals, withoutRetryAfter, others, hung } = found;
  const p99 = quantile(refusals, 0.99);
  return [
    `${atOnce} requests at any moment for ${loadMs / 1000} s over a pool of ${poolSize}, half a second each where served`,
    `  served ${served}, refused ${refusals.length} (${withoutRetryAfter} without Retry-After), other answers ${others}, hanging ${hung}; goal 0 of the last three`,
    `  refused within ${quantile(refusals, 0.5).toFixed(0)} ms (p50), ${p99.toFixed(0)} ms (p99), ${(p99 / goalMs.refused).toFixed(2)} of the goal of ${goalMs.refused} ms`,
    `  health asked ${health.length} times meanwhile, ${health.filter(Number.isNaN).length} without answer, ${quantile(health, 0.99).toFixed(0)} ms (p99)`,
    `  serving again ${recoveredMs.toFixed(0)} ms after the load, ${(recoveredMs / goalMs.recovered).toFixed(2)} of the goal of ${goalMs.recovered} ms`,
  ];
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

/** Milliseconds of each answer, NaN where there was none. */
function watchHealth(url: string): { stop(): Promise<number[]> } {
  const answers: number[] = [];
  const ending = new AbortController();
  const watching = (async () => {
    while (!ending.signal.aborted) {
      const from = performance.now();
      const isUp = (await statusOf(`${url}/healthz`)) === 200;
      answers.push(isUp ? performance.now() - from : Number.NaN);
      await pause(50);
    }
  })();
  return {
    async stop() {
      ending.abort();
      await watching;
      return answers;
    },
  };
}

/** 0 where there is no answer. */
async function statusOf(url: string, authorization?: string): Promise<number> {
  const signal = AbortSignal.timeout(patienceMs);
  const headers = { ...(authorization && { authorization }) };
  const answer = await fetch(url, { headers, signal }).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.status ?? 0;
}

/** Until a pool's size of requests at once is looked up. */
async function untilServed(url: string, authorization: string): Promise<number> {
  const from = performance.now();
  for (;;) {
    const found = await Promise.all(Array.from({ length: poolSize }, () => statusOf(url, authorization)));
    if (found.every((status) => status === 404)) return performance.now() - from;
    if (performance.now() - from > patienceMs) throw new Error('the service did not recover');
  }
}
