import { randomUUID } from 'node:crypto';
import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { createPayout, externalRefOf, ofOwner } from './create.ts';
import { guardOf } from './guard.ts';
import type { KeyedAnswer, KeyedRequest } from './idempotency.ts';
import type { Provider } from './payouts.ts';
import { quoteCashOut } from './quote.ts';
import { ownWallet } from './wallets.ts';

export interface CashOut {
  walletId: string;
  amountCents: number;
  country: string;
  provider: Provider | undefined;
  phone: string | undefined;
}

export interface CashOutRules {
  feeBasisPoints: number;
  /** Of one wallet in a day of UTC; 0: none. */
  dailyLimitCents: number;
}

/**
 * Debits the wallet and creates the payout, in one statement with the key and its answer. Undefined: the key is
 * somebody's.
 */
export async function cashOut(
  db: Database,
  request: KeyedRequest,
  asked: CashOut,
  { feeBasisPoints, dailyLimitCents }: CashOutRules,
): Promise<KeyedAnswer | undefined> {
  const { walletId, amountCents, phone } = asked;
  const country = asked.country.toUpperCase();
  const quote = quoteCashOut({ amountCents, to: country, feeBasisPoints });
  const id = randomUUID();
  const payout = {
    id,
    walletId,
    provider: asked.provider ?? usualProvider(country),
    phone,
    amountCents: BigInt(amountCents),
    feeCents: BigInt(quote.fee_cents),
    country,
    quote,
  };
  const body = { transaction_id: id, external_ref: externalRefOf(id), ...quote };
  const guard = guardOf(request, { status: 200, body }, ofOwner);
  const made =
    dailyLimitCents === 0
      ? await createPayout(db, payout, guard)
      : await db.transaction(async (tx) => {
          const made = await createPayout(tx, payout, guard);
          // After the debit: it holds the wallet, so that two at once do not both find room.
          if (made) await assertWithinLimit(tx, walletId, dailyLimitCents);
          return made;
        });
  if (made) return { status: 200, body: { ...body, ...made } };
  await ownWallet(db, walletId, request.userId);
  return undefined;
}

function usualProvider(country: string): Provider {
  return country === 'TG' ? 'TMONEY' : 'MOMO';
}

async function assertWithinLimit(tx: Queryable, walletId: string, limit: number): Promise<void> {
  const { rows } = await tx.query<{ exceeded: boolean }>(
    `SELECT sum(p.amount_cents) > $2 AS exceeded
     FROM app.transactions t JOIN app.mobile_money_payouts p ON p.transaction_id = t.id
     WHERE t.wallet_id = $1 AND t.kind = 'CASH_OUT' AND p.status <> 'FAILED'
       AND t.created_at >= date_trunc('day', now(), 'UTC')`,
    [walletId, limit],
  );
  if (rows[0]?.exceeded) throw new ServiceError('LIMIT', 'the wallet has paid out what it may in a day');
}
