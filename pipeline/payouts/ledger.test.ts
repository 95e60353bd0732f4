import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '#pipeline/runtime/db.ts';
import { balanceOf, fundedWallet, openTestDatabase, payoutOf } from '#pipeline/testing/payouts.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';

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

const entries = (transaction: string, rows: [account: string, wallet: string | null, cents: number][]) =>
  `INSERT INTO app.ledger_entries (transaction_id, account, wallet_id, amount_cents) VALUES ${rows
    .map(
      ([account, wallet, cents]) =>
        `('${transaction}', '${account}', ${wallet ? `'${wallet}'` : 'NULL'}, ${cents})`,
    )
    .join(', ')}`;

const header = async (tx: Pick<Database, 'query'>, walletId: string) => {
  const sql = `INSERT INTO app.transactions (kind, wallet_id) VALUES ('CASH_IN', $1) RETURNING id`;
  return (await tx.query<{ id: string }>(sql, [walletId])).rows[0]?.id ?? '';
};

describe('the database keeps the books of payouts', () => {
  it('refuses a transaction whose entries do not sum to zero', async () => {
    const { walletId } = await fundedWallet(db, 0);
    const unbalanced = db.transaction(async (tx) => {
      const id = await header(tx, walletId);
      await tx.query(
        entries(id, [
          ['WALLET', walletId, 100],
          ['MOMO', null, -99],
        ]),
      );
    });
    await expect(unbalanced).rejects.toMatchObject({ constraint: 'ledger_sums_to_zero' });
    expect(await balanceOf(db, walletId)).toBe(0n);
  });

  it('refuses one without entries, and one that moves the wallet of another', async () => {
    const [mine, other] = [await fundedWallet(db, 0), await fundedWallet(db, 50)];
    await expect(header(db, mine.walletId)).rejects.toMatchObject({ constraint: 'ledger_sums_to_zero' });
    const theft = db.transaction(async (tx) => {
      const id = await header(tx, mine.walletId);
      await tx.query(
        entries(id, [
          ['WALLET', mine.walletId, 50],
          ['WALLET', other.walletId, -50],
        ]),
      );
    });
    await expect(theft).rejects.toMatchObject({ constraint: 'ledger_closed' });
  });

  it('refuses entries that come to a transaction later, even when they sum to zero', async () => {
    const { walletId } = await fundedWallet(db, 100);
    const sql = 'SELECT id FROM app.transactions WHERE wallet_id = $1';
    const id = (await db.query<{ id: string }>(sql, [walletId])).rows[0]?.id ?? '';
    const later = db.query(
      entries(id, [
        ['WALLET', walletId, 5],
        ['MOMO', null, -5],
      ]),
    );
    await expect(later).rejects.toMatchObject({ constraint: 'ledger_closed' });
  });

  it('refuses entries that come when their transaction has been weighed before the commit', async () => {
    const { walletId } = await fundedWallet(db, 100);
    const taken = db.transaction(async (tx) => {
      await tx.query('SET CONSTRAINTS ALL IMMEDIATE');
      const { transaction_id: id } = await payoutOf(tx, walletId);
      await tx.query(
        entries(id, [
          ['WALLET', walletId, 100],
          ['TMONEY', null, -100],
        ]),
      );
    });
    await expect(taken).rejects.toMatchObject({ constraint: 'ledger_closed' });
    const early = db.transaction(async (tx) => {
      await tx.query('SET CONSTRAINTS ALL IMMEDIATE');
      await header(tx, walletId);
    });
    await expect(early).rejects.toMatchObject({ constraint: 'ledger_sums_to_zero' });
    expect(await balanceOf(db, walletId)).toBe(100n);
  });

  it('refuses an entry that would move its wallet and then be left out', async () => {
    const { walletId } = await fundedWallet(db, 100);
    for (const [conflict, refused] of [
      ['ON CONFLICT DO NOTHING', /ON CONFLICT does not support/],
      ['', /duplicate key/],
    ] as const) {
      const again = db.query(
        `INSERT INTO app.ledger_entries (transaction_id, id, account, wallet_id, amount_cents)
         OVERRIDING SYSTEM VALUE SELECT transaction_id, id, account, wallet_id, 5 FROM app.ledger_entries
         WHERE wallet_id = $1 ${conflict}`,
        [walletId],
      );
      await expect(again).rejects.toThrow(refused);
    }
    expect(await balanceOf(db, walletId)).toBe(100n);
  });

  it('refuses a fingerprint of a request that is none', async () => {
    const { userId } = await fundedWallet(db, 0);
    for (const hash of ['z'.repeat(64), 'A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(64)}\n`]) {
      const kept = db.query(
        `INSERT INTO app.idempotency_keys (user_id, idempotency_key, route_key, request_hash, response_json, status_code)
         VALUES ($1, 'key', 'cash_in_mobile_money', $2, '{}', 200)`,
        [userId, hash],
      );
      await expect(kept, hash).rejects.toMatchObject({ constraint: 'sha256_check' });
    }
  });

  it('refuses entries of no transaction, of no wallet, and of no account', async () => {
    const { walletId } = await fundedWallet(db, 100);
    const nobody = '00000000-0000-4000-8000-000000000000';
    const orphans = entries(nobody, [
      ['FEES', null, 5],
      ['MOMO', null, -5],
    ]);
    await expect(db.query(orphans)).rejects.toMatchObject({ constraint: 'ledger_closed' });
    for (const [row, constraint] of [
      [['WALLET', nobody, 5], 'ledger_entries_of_wallet'],
      [['WALLET', null, 5], 'ledger_entries_of_wallet'],
      [['MOMO', walletId, 5], 'ledger_entries_of_wallet'],
      [['BANK', null, 5], 'account_check'],
      [['MOMO', null, 0], 'signed_cents_check'],
    ] as [row: [string, string | null, number], constraint: string][]) {
      const made = db.transaction(async (tx) => tx.query(entries(await header(tx, walletId), [row])));
      await expect(made, row.join(' ')).rejects.toMatchObject({ constraint });
    }
  });

  it('refuses a transaction that is about no cash-out, or about another one than it says', async () => {
    const { walletId } = await fundedWallet(db, 100);
    const { transaction_id: cashOut } = await payoutOf(db, walletId);
    for (const [kind, about] of [
      ['CASH_IN', `'${cashOut}'`],
      ['CASH_OUT', 'NULL'],
      ['CASH_OUT', `'${cashOut}'`],
      ['CASH_OUT_RETURN', 'NULL'],
      ['CASH_OUT_AGAIN', 'id'],
    ] as const) {
      const made = db.transaction(async (tx) => {
        const sql = `INSERT INTO app.transactions (id, kind, wallet_id, cash_out_id)
          SELECT id, '${kind}', $1::uuid, ${about}::uuid FROM gen_random_uuid() AS id RETURNING id`;
        const [row] = (await tx.query<{ id: string }>(sql, [walletId])).rows;
        await tx.query(
          entries(row?.id ?? '', [
            ['WALLET', walletId, 5],
            ['MOMO', null, -5],
          ]),
        );
      });
      const refused = { constraint: 'transactions_cash_out' };
      await expect(made, `${kind} of ${about}`).rejects.toMatchObject(refused);
    }
  });

  it('refuses a cash-out that took less than its payout promises', async () => {
    const { walletId } = await fundedWallet(db, 100);
    const cheap = db.query(
      `WITH made AS (
         INSERT INTO app.transactions (id, kind, wallet_id, cash_out_id)
         SELECT id, 'CASH_OUT', $1, id FROM gen_random_uuid() AS id RETURNING id
       ), moved AS (
         INSERT INTO app.ledger_entries (transaction_id, account, wallet_id, amount_cents)
         SELECT id, account, wallet, cents
         FROM made, (VALUES ('WALLET', $1::uuid, -99), ('MOMO', NULL, 99)) AS e (account, wallet, cents)
       )
       INSERT INTO app.mobile_money_payouts (transaction_id, provider, phone_e164, external_ref, amount_cents)
       SELECT id, 'MOMO', '+22890000003', 'cheap', 100 FROM made`,
      [walletId],
    );
    await expect(cheap).rejects.toMatchObject({ constraint: 'mobile_money_payouts_funded' });
  });

  it('refuses an overdraft, and whatever would move a wallet past its entries', async () => {
    const { walletId } = await fundedWallet(db, 100);
    await expect(payoutOf(db, walletId, { amountCents: 101n })).rejects.toMatchObject({
      constraint: 'wallets_no_overdraft',
    });
    for (const sql of [
      'UPDATE app.wallets SET balance_cents = 1000000',
      'DELETE FROM app.wallets',
      `INSERT INTO app.wallets (user_id, balance_cents) SELECT user_id, 5 FROM app.wallets`,
      'UPDATE app.ledger_entries SET amount_cents = 7',
      'DELETE FROM app.ledger_entries',
      'TRUNCATE app.ledger_entries CASCADE',
      'UPDATE app.transactions SET kind = kind',
      'DELETE FROM app.transactions',
    ]) {
      await expect(db.query(sql), sql).rejects.toThrow(/ledger|empty|never|append-only/);
    }
    expect(await balanceOf(db, walletId)).toBe(100n);
  });

  it('refuses a payout that says FAILED while its money is gone, and a return of one that was paid', async () => {
    const { walletId } = await fundedWallet(db, 100);
    const { transaction_id: id } = await payoutOf(db, walletId);
    const unreturned = db.query(`UPDATE app.mobile_money_payouts SET status = 'FAILED'`);
    await expect(unreturned).rejects.toMatchObject({ constraint: 'mobile_money_payouts_funded' });
    const gift = db.transaction(async (tx) => {
      const made = await tx.query<{ id: string }>(
        `INSERT INTO app.transactions (kind, wallet_id, cash_out_id) VALUES ('CASH_OUT_RETURN', $1, $2) RETURNING id`,
        [walletId, id],
      );
      await tx.query(
        entries(made.rows[0]?.id ?? '', [
          ['WALLET', walletId, 100],
          ['TMONEY', null, -100],
        ]),
      );
    });
    await expect(gift).rejects.toMatchObject({ constraint: 'mobile_money_payouts_funded' });
  });

  it('refuses a return to the wallet of another', async () => {
    const [mine, other] = [await fundedWallet(db, 100), await fundedWallet(db, 0)];
    const { transaction_id: id } = await payoutOf(db, mine.walletId);
    const astray = db.query(
      `WITH moved AS (
         UPDATE app.mobile_money_payouts SET status = 'FAILED' WHERE transaction_id = $1
       ), made AS (
         INSERT INTO app.transactions (kind, wallet_id, cash_out_id) VALUES ('CASH_OUT_RETURN', $2, $1) RETURNING id
       )
       INSERT INTO app.ledger_entries (transaction_id, account, wallet_id, amount_cents)
       SELECT id, account, wallet, cents
       FROM made, (VALUES ('WALLET', $2::uuid, 100), ('TMONEY', NULL, -100)) AS e (account, wallet, cents)`,
      [id, other.walletId],
    );
    await expect(astray).rejects.toMatchObject({ constraint: 'mobile_money_payouts_funded' });
    expect(await balanceOf(db, other.walletId)).toBe(0n);
  });

  it('refuses a cash-out without its payout', async () => {
    const { walletId } = await fundedWallet(db, 100);
    const orphan = db.transaction(async (tx) => {
      const { rows } = await tx.query<{ id: string }>('SELECT gen_random_uuid() AS id');
      const id = rows[0]?.id ?? '';
      await tx.query(
        `INSERT INTO app.transactions (id, kind, wallet_id, cash_out_id) VALUES ($1, 'CASH_OUT', $2, $1)`,
        [id, walletId],
      );
      await tx.query(
        entries(id, [
          ['WALLET', walletId, -100],
          ['MOMO', null, 100],
        ]),
      );
    });
    await expect(orphan).rejects.toMatchObject({ constraint: 'mobile_money_payouts_funded' });
  });

  it('refuses a provider that there is not, and numbers and amounts that are none', async () => {
    const { walletId } = await fundedWallet(db, 100);
    for (const [changes, constraint] of [
      [{ provider: 'BANK' as 'MOMO' }, 'provider_check'],
      [{ phone: '90000003' }, 'phone_e164_check'],
      [{ amountCents: -1n }, 'cents_check'],
    ] as const) {
      await expect(payoutOf(db, walletId, changes), constraint).rejects.toMatchObject({ constraint });
    }
    expect(await balanceOf(db, walletId)).toBe(100n);
  });

  it('refuses states that a payout does not go to, and changes of what it promises', async () => {
    const { walletId } = await fundedWallet(db, 100);
    const { transaction_id: id } = await payoutOf(db, walletId);
    await db.query(`UPDATE app.mobile_money_payouts SET status = 'CONFIRMED' WHERE transaction_id = $1`, [
      id,
    ]);
    for (const change of [
      `status = 'SENT'`,
      `status = 'FAILED'`,
      'amount_cents = 1',
      `phone_e164 = '+22890000000'`,
      `provider = 'MOMO'`,
    ]) {
      const sql = `UPDATE app.mobile_money_payouts SET ${change} WHERE transaction_id = '${id}'`;
      await expect(db.query(sql), change).rejects.toThrow(/does not go|never changes/);
    }
    await expect(db.query('DELETE FROM app.mobile_money_payouts')).rejects.toThrow(/never changes/);
    await expect(db.query('DELETE FROM app.mobile_money_payout_history')).rejects.toThrow(/append-only/);
  });
});
