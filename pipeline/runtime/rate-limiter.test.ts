import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '#pipeline/runtime/db.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import { createPostgresRateLimiter, withWaitMeter } from './rate-limiter.ts';

let postgres: TestDatabase;
let db: Database;

beforeAll(async () => {
  postgres = await startTestDatabase();
  db = openDatabase({
    url: await postgres.fresh(),
    max: 10,
    acquireTimeoutMs: 10_000,
    applicationName: 'test',
    onIdleError: () => {},
  });
}, 120_000);

afterAll(async () => {
  await db?.close();
  await postgres?.stop();
});

describe('M2: the shared rate limit', () => {
  it('gives out exactly the limit, however many ask at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () =>
        db
          .query<{ wait: number }>("SELECT take_rate_slot('many', 25) AS wait")
          .then(({ rows }) => rows[0]?.wait),
      ),
    );
    expect(answers.filter((wait) => wait === 0)).toHaveLength(25);
    for (const wait of answers) expect(wait).toBeLessThanOrEqual(61_000);
  });

  it('never gives more than the limit in any 60 seconds, and gives again after them', async () => {
    const take = () =>
      db
        .query<{ wait: number }>("SELECT take_rate_slot('slow', 2) AS wait")
        .then(({ rows }) => rows[0]?.wait);
    expect([await take(), await take()]).toEqual([0, 0]);
    expect(await take()).toBeGreaterThan(59_000);
    await db.query("UPDATE rate_limit_seconds SET second = second - 59 WHERE key = 'slow'");
    expect(await take()).toBeGreaterThan(0);
    await db.query("UPDATE rate_limit_seconds SET second = second - 2 WHERE key = 'slow'");
    expect(await take()).toBe(0);
  });

  it('counts keys apart, and lets a waiting caller give up', async () => {
    const limiter = createPostgresRateLimiter(db, 'apart', 1);
    await limiter.take();
    await createPostgresRateLimiter(db, 'another', 1).take();
    const giveUp = new AbortController();
    const waiting = limiter.take(giveUp.signal);
    giveUp.abort();
    await expect(waiting).rejects.toThrow();
  });

  it('adds what a caller waited to the meter of the work that it waited for', async () => {
    const meter = { waitedMs: 0 };
    const waited = await withWaitMeter(meter, () => createPostgresRateLimiter(db, 'metered', 5).take());
    expect(meter.waitedMs).toBe(waited);
  });
});
