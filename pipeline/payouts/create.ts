import type { Queryable } from '#pipeline/runtime/db.ts';
import { type Guard, unguarded } from './guard.ts';
import { type Payout, type Provider, payoutColumns } from './payouts.ts';

export interface NewPayout {
  /** Of the transaction; new. */
  id: string;
  walletId: string;
  provider: Provider;
  phone: string;
  amountCents: bigint;
  feeCents: bigint;
  quote: object;
}

export const externalRefOf = (transactionId: string) => `payout-${transactionId}`;

/**
 * Debits the wallet, fee included, and creates the payout, in one statement; PENDING and due at once. Undefined when
 * the guard let nothing through.
 */
export async function createPayout(
  db: Queryable,
  input: NewPayout,
  guard: Guard = unguarded,
): Promise<Payout | undefined> {
  const { id, walletId, provider, phone, amountCents, feeCents, quote } = input;
  const [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, at) => `$${guard.values.length + at + 1}`);
  const text = `WITH ${guard.cte}, made AS (
       INSERT INTO app.transactions (id, kind, wallet_id, cash_out_id)
       SELECT ${a}::uuid, 'CASH_OUT', ${b}::uuid, ${a}::uuid FROM allowed
     ), moved AS (
       INSERT INTO app.ledger_entries (transaction_id, account, wallet_id, amount_cents)
       SELECT ${a}::uuid, account, wallet_id, amount
       FROM allowed, (VALUES ('WALLET', ${b}::uuid, -(${c}::bigint + ${d}::bigint)),
         (${e}::text, NULL, ${c}::bigint), ('FEES', NULL, ${d}::bigint)) AS entry (account, wallet_id, amount)
       WHERE amount <> 0
     )
     INSERT INTO app.mobile_money_payouts
       (transaction_id, provider, phone_e164, external_ref, amount_cents, quote)
     SELECT ${a}::uuid, ${e}::text, ${f}, ${g}, ${c}::bigint, ${h}::jsonb FROM allowed RETURNING ${payoutColumns()}`;
  const own = [
    id,
    walletId,
    amountCents,
    feeCents,
    provider,
    phone,
    externalRefOf(id),
    JSON.stringify(quote),
  ];
  const { rows } = await db.query<Payout>({ name: `payout.create.${guard.name}`, text }, [
    ...guard.values,
    ...own,
  ]);
  return rows[0];
}
