import type { Queryable } from '#pipeline/runtime/db.ts';
import { type Finding, type Guard, unguarded } from './guard.ts';
import type { Provider } from './payouts.ts';

export interface NewPayout {
  /** Of the transaction; new. */
  id: string;
  walletId: string;
  provider: Provider;
  /** Undefined: the number of the wallet's owner. */
  phone: string | undefined;
  amountCents: bigint;
  feeCents: bigint;
  /** The country that it goes to, in capitals. */
  country: string;
  /** Kept with the payout, beside the corridor. */
  quote: object;
}

export const externalRefOf = (transactionId: string) => `payout-${transactionId}`;

/** Only the wallet's owner cashes out; the corridor leads from the owner's country, and belongs to the answer. */
export const ofOwner: Finding = {
  name: 'owner',
  from: 'FROM payer',
  condition: 'payer.user_id = $1::uuid',
  answer: 'payer.corridor',
};

/**
 * Debits the wallet, fee included, and creates the payout, in one statement; PENDING and due at once. What it says is
 * the corridor, such as `TG-BJ`. Undefined when there is no such wallet, or the guard let nothing through.
 */
export async function createPayout(
  db: Queryable,
  input: NewPayout,
  guard: Guard = unguarded,
): Promise<{ corridor: string } | undefined> {
  const { id, walletId, provider, phone, amountCents, feeCents, country, quote } = input;
  const [a, b, c, d, e, f, g, h, i] = Array.from(
    { length: 9 },
    (_, at) => `$${guard.values.length + at + 1}`,
  );
  const text = `WITH payer AS (
       SELECT w.user_id, u.phone_e164 AS phone, jsonb_build_object('corridor', u.country || '-' || ${i}::text) AS corridor
       FROM app.wallets w JOIN app.users u ON u.id = w.user_id WHERE w.id = ${b}::uuid
     ), ${guard.cte}, made AS (
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
     SELECT ${a}::uuid, ${e}::text, coalesce(${f}::text, payer.phone), ${g}, ${c}::bigint, ${h}::jsonb || payer.corridor
     FROM allowed, payer RETURNING quote ->> 'corridor' AS corridor`;
  const own = [
    id,
    walletId,
    amountCents,
    feeCents,
    provider,
    phone,
    externalRefOf(id),
    JSON.stringify(quote),
    country,
  ];
  const { rows } = await db.query<{ corridor: string }>({ name: `payout.create.${guard.name}`, text }, [
    ...guard.values,
    ...own,
  ]);
  return rows[0];
}
