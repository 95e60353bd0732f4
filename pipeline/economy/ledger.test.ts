import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '#pipeline/runtime/db.ts';
import { useDatabase } from '#pipeline/testing/database.ts';
import { coins } from './coins.ts';
import { expireHolds, order, refund, settle } from './shop.ts';
import { post, readWallet } from './wallets.ts';

const database = useDatabase({ max: 10 });
let db: Database;
beforeAll(() => {
  db = database.db;
});

async function newMember(): Promise<string> {
  const id = randomUUID();
  await db.query("INSERT INTO platform_users (id, username, password_hash) VALUES ($1, $2, 'scrypt$none')", [
    id,
    `u-${id.slice(0, 18)}`,
  ]);
  await db.query('INSERT INTO economy_wallets (user_id) VALUES ($1)', [id]);
  return id;
}

async function newItem(price: number): Promise<number> {
  const sku = `T-${randomUUID().toUpperCase()}`;
  const { rows } = await db.query<{ id: number }>(
    'INSERT INTO shop_items (sku, name, price) VALUES ($1, $1, $2) RETURNING id',
    [sku, price],
  );
  return rows[0]?.id ?? 0;
}

const credit = (userId: string, amount: number) =>
  post(db, { userId, amount, reason: 'test', idempotencyKey: randomUUID() });
const buy = (userId: string, itemId: number, capture = true, holdSeconds = 600) =>
  order(db, { userId, itemId, quantity: 1, holdSeconds, capture });

/** What the database says of the whole ledger of one member, from the rows alone. */
async function account(userId: string) {
  const { rows } = await db.query<
    Record<'balance' | 'sum' | 'last' | 'held' | 'holds', string> & { gaps: boolean }
  >(
    `SELECT w.cached_balance AS balance, w.held,
       (SELECT coalesce(sum(amount), 0) FROM economy_transactions WHERE wallet_id = w.id) AS sum,
       (SELECT coalesce((array_agg(balance_after ORDER BY sequence DESC))[1], 0)
        FROM economy_transactions WHERE wallet_id = w.id) AS last,
       (SELECT count(*) <> w.last_sequence FROM economy_transactions WHERE wallet_id = w.id) AS gaps,
       (SELECT coalesce(sum(total), 0) FROM shop_purchases
        WHERE wallet_id = w.id AND state = 'authorized') AS holds
     FROM economy_wallets w WHERE user_id = $1`,
    [userId],
  );
  const row = rows[0];
  if (!row) throw new Error('no wallet');
  return row;
}

async function expectSumLaw(userId: string): Promise<number> {
  const { balance, sum, last, gaps, held, holds } = await account(userId);
  expect({ sum, last, gaps, held }).toEqual({ sum: balance, last: balance, gaps: false, held: holds });
  expect(coins(balance)).toBeGreaterThanOrEqual(coins(held));
  return coins(balance);
}

describe('D1: the ledger', () => {
  it('D1: balance is the sum of the rows, and never negative, for any row of credits and debits', async () => {
    const amount = fc.integer({ min: -500, max: 500 }).filter((value) => value !== 0);
    await fc.assert(
      fc.asyncProperty(fc.array(amount, { maxLength: 25 }), async (amounts) => {
        const userId = await newMember();
        let model = 0;
        for (const value of amounts) {
          const done = credit(userId, value);
          if (model + value < 0) await expect(done).rejects.toMatchObject({ code: '23514' });
          else {
            expect((await done).balance_after).toBe(model + value);
            model += value;
          }
        }
        expect(await expectSumLaw(userId)).toBe(model);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('D1: holds, captures, releases, refunds and expiry keep the sum law, whatever their order', async () => {
    const action = fc.record({
      what: fc.constantFrom('credit', 'buy', 'hold', 'capture', 'release', 'refund', 'expire'),
      amount: fc.integer({ min: 1, max: 120 }),
      pick: fc.nat(9),
    });
    const itemId = await newItem(70);
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const userId = await newMember();
        const made: string[] = [];
        for (const { what, amount, pick } of actions) {
          const id = made[pick % Math.max(made.length, 1)];
          const keep = async (done: ReturnType<typeof buy>) => void made.push((await done).purchase_id);
          const turn = {
            credit: () => credit(userId, amount),
            buy: () => keep(buy(userId, itemId)),
            hold: () => keep(buy(userId, itemId, false, amount > 60 ? 600 : 0)),
            expire: () => expireHolds(db),
            capture: async () => id && settle(db, id, userId, 'captured'),
            release: async () => id && settle(db, id, userId, 'released'),
            refund: async () => id && refund(db, { purchaseId: id, amount, idempotencyKey: randomUUID() }),
          }[what];
          // What the rules refuse is refused whole.
          await Promise.resolve(turn?.()).catch((error) => {
            expect(error.code).toMatch(/^(23514|CONFLICT)$/);
          });
          await expectSumLaw(userId);
        }
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  it('D1: concurrent debits spend what is there and not a coin more', async () => {
    const userId = await newMember();
    await credit(userId, 100);
    const results = await Promise.allSettled(Array.from({ length: 30 }, () => credit(userId, -7)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(14);
    expect(await expectSumLaw(userId)).toBe(2);
  });

  it('D1: concurrent posts with one idempotency key move the wallet once', async () => {
    const userId = await newMember();
    const entry = { userId, amount: 40, reason: 'once', idempotencyKey: 'k' };
    const posted = await Promise.all(Array.from({ length: 8 }, () => post(db, entry)));
    expect(new Set(posted.map(({ transaction_id }) => transaction_id)).size).toBe(1);
    expect(posted.filter(({ replayed }) => !replayed)).toHaveLength(1);
    await expect(post(db, { ...entry, amount: 41 })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await expectSumLaw(userId)).toBe(40);
  });

  it('D1: a row of the ledger is neither changed nor deleted, and no wallet is moved past it', async () => {
    const userId = await newMember();
    const { transaction_id: id, wallet_id: wallet } = await credit(userId, 10);
    for (const sql of [
      `UPDATE economy_transactions SET amount = 11 WHERE id = ${id}`,
      `UPDATE economy_transactions SET reason = 'other' WHERE id = ${id}`,
      `DELETE FROM economy_transactions WHERE id = ${id}`,
      'TRUNCATE economy_transactions CASCADE',
      'TRUNCATE shop_refunds CASCADE',
      `UPDATE economy_wallets SET cached_balance = 1000 WHERE id = '${wallet}'`,
      `UPDATE economy_wallets SET held = 5 WHERE id = '${wallet}'`,
      `UPDATE economy_wallets SET last_sequence = 0 WHERE id = '${wallet}'`,
      `DELETE FROM economy_wallets WHERE id = '${wallet}'`,
      'TRUNCATE economy_wallets CASCADE',
      `INSERT INTO economy_wallets (user_id, cached_balance) SELECT id, 5 FROM platform_users LIMIT 1`,
    ]) {
      await expect(db.query(sql), sql).rejects.toMatchObject({ code: '23000' });
    }
    expect(await expectSumLaw(userId)).toBe(10);
  });

  it('D1: what an insert claims of its place and balance is overruled, and one that conflicts moves nothing', async () => {
    const userId = await newMember();
    const { wallet_id: wallet } = await credit(userId, 10);
    const insert = `INSERT INTO economy_transactions
      (wallet_id, sequence, amount, balance_before, balance_after, reason, idempotency_key, created_at)
      VALUES ('${wallet}', 77, 5, 1000, 1005, 'forged', 'forged', '2000-01-01')`;
    await db.query(insert);
    expect(await expectSumLaw(userId)).toBe(15);
    await db.query(`${insert} ON CONFLICT DO NOTHING`);
    expect(await expectSumLaw(userId)).toBe(15);
    const { rows } = await db.query(
      "SELECT created_at > now() - interval '1 hour' AS young FROM economy_transactions WHERE idempotency_key = 'forged'",
    );
    expect(rows).toEqual([{ young: true }]);
  });

  it('D1: amounts beyond what JSON carries exactly are refused', async () => {
    const userId = await newMember();
    expect((await credit(userId, Number.MAX_SAFE_INTEGER)).balance_after).toBe(Number.MAX_SAFE_INTEGER);
    await expect(credit(userId, 1)).rejects.toMatchObject({ constraint: 'economy_wallets_exact' });
    expect(() => coins('9007199254740992')).toThrow(/too large/);
    await expectSumLaw(userId);
  });
});

describe('D1: holds', () => {
  it('D1: a hold keeps its coins from every other purchase and from debits, until it is released', async () => {
    const [userId, itemId] = [await newMember(), await newItem(60)];
    await credit(userId, 100);
    const hold = await buy(userId, itemId, false);
    expect(await readWallet(db, userId)).toMatchObject({ balance: 100, held: 60, available: 40 });
    await expect(buy(userId, itemId)).rejects.toMatchObject({ constraint: 'economy_wallets_holds_covered' });
    await expect(credit(userId, -41)).rejects.toMatchObject({ code: '23514' });
    expect(await settle(db, hold.purchase_id, userId, 'released')).toMatchObject({ state: 'released' });
    expect(await buy(userId, itemId)).toMatchObject({ state: 'captured', balance_after: 40 });
    await expect(settle(db, hold.purchase_id, userId, 'captured')).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  it('D1: a hold that is over is not captured any more, and its coins come back', async () => {
    const [userId, itemId] = [await newMember(), await newItem(60)];
    await credit(userId, 100);
    const hold = await buy(userId, itemId, false, 0);
    await expect(settle(db, hold.purchase_id, userId, 'captured')).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    // Two sweeps at once; they may meet holds that other tests left, so it is this wallet that is counted.
    await Promise.all([expireHolds(db), expireHolds(db)]);
    expect(await readWallet(db, userId)).toMatchObject({ held: 0, available: 100 });
  });

  it('D1: capturing and releasing at once does one of the two, and a capture debits once', async () => {
    const [userId, itemId] = [await newMember(), await newItem(60)];
    await credit(userId, 100);
    const { purchase_id: id } = await buy(userId, itemId, false);
    await Promise.allSettled([
      settle(db, id, userId, 'captured'),
      settle(db, id, userId, 'released'),
      settle(db, id, userId, 'captured'),
    ]);
    expect([40, 100]).toContain(await expectSumLaw(userId));
  });

  it('D1: refunds come to what was paid at most, also when they come at once', async () => {
    const [userId, itemId] = [await newMember(), await newItem(60)];
    await credit(userId, 60);
    const { purchase_id: purchaseId } = await buy(userId, itemId);
    await Promise.allSettled(
      Array.from({ length: 5 }, (_, index) =>
        refund(db, { purchaseId, amount: 25, idempotencyKey: `r${index}` }),
      ),
    );
    expect(await expectSumLaw(userId)).toBe(50);
    const rest = { purchaseId, idempotencyKey: 'rest' };
    expect(await refund(db, rest)).toMatchObject({ amount: 10, replayed: false });
    expect(await refund(db, rest)).toMatchObject({ amount: 10, replayed: true });
    await expect(refund(db, { purchaseId, idempotencyKey: 'more' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(await expectSumLaw(userId)).toBe(60);
  });

  it('D1: a purchase is neither made captured, nor changed, nor deleted past its rules', async () => {
    const [userId, itemId] = [await newMember(), await newItem(60)];
    await credit(userId, 100);
    const { purchase_id: id } = await buy(userId, itemId);
    for (const sql of [
      `UPDATE shop_purchases SET state = 'released' WHERE id = '${id}'`,
      `UPDATE shop_purchases SET unit_price = 1 WHERE id = '${id}'`,
      `UPDATE shop_purchases SET refunded = 60 WHERE id = '${id}'`,
      `DELETE FROM shop_purchases WHERE id = '${id}'`,
      `INSERT INTO shop_purchases (wallet_id, item_id, quantity, unit_price, idempotency_key, expires_at, state, settled_at)
       SELECT wallet_id, item_id, 1, 1, 'forged', now(), 'captured', now() FROM shop_purchases WHERE id = '${id}'`,
    ]) {
      await expect(db.query(sql), sql).rejects.toMatchObject({ code: '23000' });
    }
  });
});
