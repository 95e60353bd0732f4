import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '#pipeline/runtime/db.ts';
import { balanceOf, fundedWallet, openTestDatabase, payoutOf } from '#pipeline/testing/payouts.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import {
  beginAttempt,
  confirm,
  fail,
  findPayout,
  makeDue,
  markSent,
  type Payout,
  reopen,
  reschedule,
} from './payouts.ts';

let postgres: TestDatabase;
let db: Database;

beforeAll(async () => {
  postgres = await startTestDatabase();
  db = openTestDatabase(await postgres.fresh());
}, 120_000);

afterAll(async () => {
  await db?.close();
  await postgres?.stop();
});

async function fresh(cents = 1000): Promise<{ payout: Payout; id: string; walletId: string }> {
  const { walletId } = await fundedWallet(db, cents);
  const payout = await payoutOf(db, walletId, { amountCents: 100n, feeCents: 3n });
  return { payout, id: payout.transaction_id, walletId };
}

const historyOf = async (id: string) => {
  const sql = `SELECT from_status, to_status, attempt_count FROM app.mobile_money_payout_history
    WHERE transaction_id = $1 ORDER BY id`;
  const { rows } = await db.query(sql, [id]);
  return rows.map((row) => `${row.from_status} ${row.to_status} ${row.attempt_count}`);
};

const failure = { error: 'PAYEE_NOT_FOUND', retryable: true };

describe('N2: the states of a payout', () => {
  it('a payout begins PENDING and due, its wallet debited by amount and fee', async () => {
    const { payout, walletId } = await fresh();
    expect(payout).toMatchObject({
      status: 'PENDING',
      amount_cents: '100',
      attempt_count: 0,
      retryable: true,
    });
    expect(payout.next_retry_at).toBeNull();
    expect(await balanceOf(db, walletId)).toBe(897n);
  });

  it('goes through SENT to CONFIRMED, and every step is in its history', async () => {
    const { id } = await fresh();
    await beginAttempt(db, id, { attemptCount: 0, leaseSeconds: 60 });
    await markSent(db, id, { providerRef: 'ref-1', delaySeconds: 60 });
    await reschedule(db, id, { delaySeconds: 60, error: null });
    expect(await confirm(db, id)).toMatchObject({
      status: 'CONFIRMED',
      provider_ref: 'ref-1',
      retryable: false,
    });
    expect(await historyOf(id)).toEqual([
      'null PENDING 0',
      'PENDING PENDING 1',
      'PENDING SENT 1',
      'SENT CONFIRMED 1',
    ]);
  });

  it('a final failure returns amount and fee, once, however many fail it at once', async () => {
    const { id, walletId } = await fresh();
    const failed = await Promise.all(Array.from({ length: 8 }, () => fail(db, id, failure)));
    expect(failed.filter(Boolean)).toHaveLength(1);
    expect(await balanceOf(db, walletId)).toBe(1000n);
    expect(await findPayout(db, id)).toMatchObject({ status: 'FAILED', last_error: 'PAYEE_NOT_FOUND' });
  });

  it('confirming and failing at once has one outcome, and the books fit it', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id, walletId } = await fresh();
      await markSent(db, id, { providerRef: `both-${id}`, delaySeconds: 60 });
      const [confirmed, failed] = await Promise.all([confirm(db, id), fail(db, id, failure)]);
      expect([confirmed, failed].filter(Boolean)).toHaveLength(1);
      expect(await balanceOf(db, walletId)).toBe(confirmed ? 897n : 1000n);
    }
  });

  it('CONFIRMED is final, and so is FAILED for all but an administrator', async () => {
    const done = await fresh();
    await confirm(db, done.id);
    const lost = await fresh();
    await fail(db, lost.id, failure);
    for (const { id } of [done, lost]) {
      expect(await markSent(db, id, { providerRef: 'late', delaySeconds: 1 })).toBeUndefined();
      expect(await reschedule(db, id, { delaySeconds: 1, error: null })).toBeUndefined();
      expect(await beginAttempt(db, id, { attemptCount: 0, leaseSeconds: 1 })).toBeUndefined();
      expect(await confirm(db, id)).toBeUndefined();
      expect(await fail(db, id, failure)).toBeUndefined();
      expect(await makeDue(db, id)).toBeUndefined();
    }
    expect(await reopen(db, done.id, { force: true })).toBeUndefined();
  });

  it('of two that submit the same payout one begins, and none where the provider gave a reference', async () => {
    const { id } = await fresh();
    const attempt = { attemptCount: 0, leaseSeconds: 60 };
    const begun = await Promise.all([beginAttempt(db, id, attempt), beginAttempt(db, id, attempt)]);
    expect(begun.filter(Boolean)).toHaveLength(1);
    await markSent(db, id, { providerRef: 'known', delaySeconds: 60 });
    expect(await beginAttempt(db, id, { attemptCount: 1, leaseSeconds: 60 })).toBeUndefined();
  });

  it('a reference once known stays', async () => {
    const { id } = await fresh();
    await markSent(db, id, { providerRef: 'first', delaySeconds: 60 });
    expect(await markSent(db, id, { providerRef: null, delaySeconds: 60 })).toMatchObject({
      provider_ref: 'first',
    });
  });

  it('a failed payout that is reopened is paid for again, with one attempt left', async () => {
    const { id, walletId } = await fresh();
    for (let attemptCount = 0; attemptCount < 5; attemptCount += 1) {
      await beginAttempt(db, id, { attemptCount, leaseSeconds: 0 });
    }
    await fail(db, id, { ...failure, retryable: false });
    expect(await reopen(db, id, { force: false })).toBeUndefined();
    expect(await reopen(db, id, { force: true })).toMatchObject({ status: 'PENDING', attempt_count: 4 });
    expect(await balanceOf(db, walletId)).toBe(897n);
    await fail(db, id, failure);
    expect(await balanceOf(db, walletId)).toBe(1000n);
  });

  it('is not reopened when the wallet no longer holds as much', async () => {
    const { id, walletId } = await fresh(103);
    await fail(db, id, failure);
    await payoutOf(db, walletId, { amountCents: 50n });
    await expect(reopen(db, id, { force: false })).rejects.toMatchObject({
      constraint: 'wallets_no_overdraft',
    });
    expect(await findPayout(db, id)).toMatchObject({ status: 'FAILED' });
  });
});
