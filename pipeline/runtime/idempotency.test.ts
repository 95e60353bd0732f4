import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '#pipeline/runtime/db.ts';
import { useDatabase } from '#pipeline/testing/database.ts';
import { answerOnce, type OnceAnswer, type OnceRequest } from './idempotency.ts';

const database = useDatabase({ max: 10 });
let db: Database;
beforeAll(() => {
  db = database.db;
});

const request = (key: string | undefined, change: Partial<OnceRequest> = {}): OnceRequest => ({
  caller: 'si-1',
  operation: '/link',
  headers: key === undefined ? {} : { 'x-idempotency-key': key },
  body: { amount: 1 },
  ...change,
});

function counted(change: Partial<OnceAnswer> = {}) {
  const work = async () => {
    work.times += 1;
    return { status: 201, body: { times: work.times }, isFinal: true, ...change };
  };
  work.times = 0;
  return work;
}

const moveHold = (key: string) =>
  db.query("UPDATE idempotent_requests SET held_until = now() - interval '1 s' WHERE key = $1", [key]);

describe('a request with an idempotency key', () => {
  it('is worked on once, and answered the same again', async () => {
    const work = counted();
    const first = await answerOnce(db, request('same'), work);
    const again = await answerOnce(db, request('same'), work);
    expect([first, again]).toEqual([
      { status: 201, body: { times: 1 }, replayed: false },
      { status: 201, body: { times: 1 }, replayed: true },
    ]);
  });

  it('is refused with another body, and is another request for another caller or operation', async () => {
    const work = counted();
    await answerOnce(db, request('shared'), work);
    const changed = answerOnce(db, request('shared', { body: { amount: 2 } }), work);
    await expect(changed).rejects.toMatchObject({ code: 'CONFLICT', statusCode: 409 });
    await answerOnce(db, request('shared', { caller: 'si-2' }), work);
    await answerOnce(db, request('shared', { operation: '/callback' }), work);
    expect(work.times).toBe(3);
  });

  it('of many at once, one works and the others are told to wait', async () => {
    const work = counted();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => answerOnce(db, request('race'), work)),
    );
    expect(work.times).toBe(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') expect(outcome.value.body).toEqual({ times: 1 });
      else expect(outcome.reason).toMatchObject({ code: 'REQUEST_IN_PROGRESS', retryable: true });
    }
  });

  it('leaves its key free when it failed, or when nothing was done', async () => {
    const failing = () => Promise.reject(new Error('no'));
    await expect(answerOnce(db, request('free'), failing)).rejects.toThrow('no');
    const deferred = counted({ isFinal: false });
    await answerOnce(db, request('free'), deferred);
    expect((await answerOnce(db, request('free'), counted())).replayed).toBe(false);
  });

  it('is taken over when the instance that worked on it vanished, but not with another body', async () => {
    let end = () => {};
    const vanished = answerOnce(db, request('crash'), async () => {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      return { status: 200, body: { late: true }, isFinal: true };
    });
    await expect.poll(async () => (await moveHold('crash')).rowCount).toBe(1);
    const other = answerOnce(db, request('crash', { body: {} }), counted());
    await expect(other).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await answerOnce(db, request('crash'), counted())).replayed).toBe(false);
    end();
    await vanished;
    // What comes late does not overwrite what was answered meanwhile.
    expect((await answerOnce(db, request('crash'), counted())).body).toEqual({ times: 1 });
  });

  it('is forgotten after its day', async () => {
    const work = counted();
    await answerOnce(db, request('old'), work);
    await db.query("UPDATE idempotent_requests SET expires_at = now() - interval '1 s' WHERE key = 'old'");
    await answerOnce(db, request('old', { body: 'new' }), work);
    expect(work.times).toBe(2);
  });

  it('may name its key in either header, but not two keys', async () => {
    const work = counted();
    await answerOnce(db, request(undefined, { headers: { 'idempotency-key': 'either' } }), work);
    expect((await answerOnce(db, request('either'), work)).replayed).toBe(true);
    const two = { 'idempotency-key': 'one', 'x-idempotency-key': 'two' };
    await expect(answerOnce(db, request(undefined, { headers: two }), work)).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
  });

  it('and one without is worked on each time', async () => {
    const work = counted();
    await answerOnce(db, request(undefined), work);
    await answerOnce(db, request(undefined), work);
    expect(work.times).toBe(2);
  });
});
