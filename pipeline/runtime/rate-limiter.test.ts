import { createClient } from '@redis/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '#pipeline/runtime/db.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import { startTestRedis, type TestRedis } from '#pipeline/testing/redis.ts';
import { createLogger } from './logging.ts';
import { createPostgresTurns, createRateLimiter, type TurnStore, withWaitMeter } from './rate-limiter.ts';
import { createRedisTurns } from './rate-limiter-redis.ts';

/** Stores that share their counts, as the instances of a service do, and time that passes at will. */
interface Shared {
  instances: TurnStore[];
  pass(key: string, seconds: number): Promise<void>;
  close(): Promise<void>;
}

const log = createLogger({ level: 'silent', instanceId: 'test' });
let postgres: TestDatabase;
let redis: TestRedis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startTestDatabase(), startTestRedis()]);
}, 120_000);

afterAll(async () => {
  await redis?.stop();
  await postgres?.stop();
});

async function onPostgres(): Promise<Shared> {
  const url = await postgres.fresh();
  const open = (): Database =>
    openDatabase({
      url,
      max: 4,
      acquireTimeoutMs: 10_000,
      applicationName: 'test',
      onIdleError: () => {},
    });
  const databases = [open(), open(), open()];
  const [first] = databases as [Database];
  return {
    instances: databases.map((db) => createPostgresTurns(db)),
    async pass(key, seconds) {
      const sql = 'UPDATE rate_limit_seconds SET second = second - $2 WHERE key = $1';
      // Each second is a row with its own key: moved all at once, one could collide with another.
      await first.query(
        `WITH gone AS (DELETE FROM rate_limit_seconds WHERE key = $1 RETURNING *)
        INSERT INTO rate_limit_seconds SELECT key || ':moved', second, taken FROM gone`,
        [key],
      );
      await first.query(sql, [`${key}:moved`, seconds]);
      await first.query(`UPDATE rate_limit_seconds SET key = $1 WHERE key = $1 || ':moved'`, [key]);
    },
    async close() {
      for (const db of databases) await db.close();
    },
  };
}

async function onRedis(): Promise<Shared> {
  const clock = await createClient({ url: redis.url }).connect();
  await clock.flushAll();
  const instances = [1, 2, 3].map(() => createRedisTurns({ url: redis.url, log }));
  return {
    instances,
    async pass(key, seconds) {
      const times = await clock.lRange(`rate:${key}`, 0, -1);
      if (times.length === 0) return;
      const moved = times.map((time) => String(Number(time) - seconds * 1000));
      await clock.multi().del(`rate:${key}`).rPush(`rate:${key}`, moved).exec();
    },
    async close() {
      for (const turns of instances) turns.close();
      clock.destroy();
    },
  };
}

describe.each([
  ['postgresql', onPostgres],
  ['redis', onRedis],
])('M2: the rate limit shared through %s', (name, open) => {
  let shared: Shared;
  beforeAll(async () => {
    shared = await open();
  });
  afterAll(() => shared?.close());

  it('says where it counts', () => {
    expect(shared.instances.map((turns) => turns.name)).toEqual([name, name, name]);
  });

  it('gives out exactly the limit, however many instances ask at once', async () => {
    const asks = Array.from({ length: 60 }, (_, index) =>
      (shared.instances[index % 3] as TurnStore).ask('many', 25),
    );
    const answers = await Promise.all(asks);
    expect(answers.filter((wait) => wait === 0)).toHaveLength(25);
    for (const wait of answers) expect(wait).toBeLessThanOrEqual(61_000);
  });

  it('keeps nobody waiting for longer when the clock is set back', async () => {
    const [turns] = shared.instances as [TurnStore];
    const ask = () => turns.ask('clock', 2);
    expect([await ask(), await ask()]).toEqual([0, 0]);
    for (const hours of [1, 24 * 365]) {
      await shared.pass('clock', -3600 * hours);
      const wait = await ask();
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(61_001);
    }
    await shared.pass('clock', 62);
    expect(await ask()).toBe(0);
  });

  it('gives no more than the limit in any 60 seconds, and gives again after the wait that it named', async () => {
    let keys = 0;
    const step = fc.oneof(
      fc.record({ ask: fc.nat({ max: 2 }) }),
      fc.record({ pass: fc.integer({ min: 1, max: 40 }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { maxLength: 30 }),
        async (limit, steps) => {
          const key = `any-${keys++}`;
          const began = performance.now();
          let passed = 0;
          const given: number[] = [];
          const ask = async (instance: number) => {
            const wait = await (shared.instances[instance] as TurnStore).ask(key, limit);
            if (wait === 0) given.push(passed + (performance.now() - began) / 1000);
            return wait;
          };
          const pass = async (seconds: number) => {
            passed += seconds;
            await shared.pass(key, seconds);
          };
          for (const each of steps) {
            if ('ask' in each) await ask(each.ask);
            else await pass(each.pass);
          }
          const wait = await ask(0);
          if (wait > 0) {
            await pass(Math.ceil(wait / 1000));
            expect(await ask(1)).toBe(0);
          }
          for (const [index, at] of given.entries()) {
            const next = given[index + limit];
            // Measured after the answers came, so a hair less than what the store saw.
            if (next !== undefined) expect(next - at).toBeGreaterThan(59.5);
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it('counts keys apart, and lets a waiting caller give up', async () => {
    const [turns] = shared.instances as [TurnStore];
    const limiter = createRateLimiter(turns, 'apart', 1);
    await limiter.take();
    await createRateLimiter(turns, 'another', 1).take();
    const giveUp = new AbortController();
    const waiting = limiter.take(giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(limiter.take(AbortSignal.abort())).rejects.toThrow();
  });

  it('adds what a caller waited to the meter of the work that it waited for', async () => {
    const [turns] = shared.instances as [TurnStore];
    const meter = { waitedMs: 0 };
    const waited = await withWaitMeter(meter, () => createRateLimiter(turns, 'metered', 5).take());
    expect(meter.waitedMs).toBe(waited);
  });
});

describe('M1: a Redis that fails', () => {
  it('gives no turn while it is away, but an error in bounded time', async () => {
    const turns = createRedisTurns({ url: 'redis://:a-password@127.0.0.1:1', log, patienceMs: 200 });
    const refusal = await turns.ask('away', 100).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'BUSY', statusCode: 503 });
    expect(String(refusal)).not.toMatch(/a-password|127\.0\.0\.1/);
    turns.close();
  });

  it('gives no turn while it hangs, and gives turns again when it answers', async () => {
    const turns = createRedisTurns({ url: redis.url, log, patienceMs: 300 });
    expect(await turns.ask('hangs', 100)).toBe(0);
    redis.pause();
    await expect(turns.ask('hangs', 100)).rejects.toMatchObject({ code: 'BUSY' });
    const giveUp = new AbortController();
    const waiting = turns.ask('hangs', 100, giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    redis.resume();
    expect(await turns.ask('hangs', 100)).toBe(0);
    turns.close();
  });

  it('makes callers wait over a short restart', async () => {
    const turns = createRedisTurns({ url: redis.url, log, patienceMs: 20_000 });
    expect(await turns.ask('restart', 1)).toBe(0);
    let meanwhile: Promise<number> = Promise.resolve(-1);
    await redis.restart(async () => {
      meanwhile = turns.ask('restart', 1);
    });
    expect(await meanwhile).toBe(0);
    turns.close();
  });

  it('refuses an answer that is no number, and a command that Redis refuses', async () => {
    const client = await createClient({ url: redis.url }).connect();
    await client.set('rate:wrong-type', 'text');
    const turns = createRedisTurns({ url: redis.url, log });
    await expect(turns.ask('wrong-type', 5)).rejects.toMatchObject({ code: 'BUSY' });
    turns.close();
    await expect(turns.ask('closed', 5)).rejects.toMatchObject({ code: 'BUSY' });
    client.destroy();
  });

  it('refuses an address that is none, without repeating it', () => {
    const open = () => createRedisTurns({ url: 'redis://user:a-password@host/not-a-number', log });
    expect(open).toThrow('REDIS_URL is not an address of a Redis');
  });
});
