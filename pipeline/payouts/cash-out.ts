import type { Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { createPayout, type Provider } from './payouts.ts';
import { type Quote, quoteCashOut } from './quote.ts';
import { ownWallet } from './wallets.ts';

export interface CashOut {
  userId: string;
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

export interface CashOutMade extends Quote {
  transaction_id: string;
  external_ref: string;
}

/** Debits the wallet and creates the payout; whoever commits the transaction has promised it. */
export async function cashOut(tx: Queryable, asked: CashOut, rules: CashOutRules): Promise<CashOutMade> {
  const { walletId, amountCents, country } = asked;
  const { owner } = await ownWallet(tx, walletId, asked.userId);
  const { feeBasisPoints } = rules;
  const quote = quoteCashOut({ amountCents, from: owner.country, to: country, feeBasisPoints });
  const payout = await createPayout(tx, {
    walletId,
    provider: asked.provider ?? usualProvider(country),
    phone: asked.phone ?? owner.phone,
    amountCents: BigInt(amountCents),
    feeCents: BigInt(quote.fee_cents),
    quote,
  });
  // After the debit: it holds the wallet, so that two at once do not both find room.
  await assertWithinLimit(tx, walletId, rules.dailyLimitCents);
  return { transaction_id: payout.transaction_id, external_ref: payout.external_ref, ...quote };
}

function usualProvider(country: string): Provider {
  return country.toUpperCase() === 'TG' ? 'TMONEY' : 'MOMO';
}

async function assertWithinLimit(tx: Queryable, walletId: string, limit: number): Promise<void> {
  if (limit === 0) return;
  const { rows } = await tx.query<{ exceeded: boolean }>(
    `SELECT sum(p.amount_cents) > $2 AS exceeded
     FROM app.transactions t JOIN app.mobile_money_payouts p ON p.transaction_id = t.id
     WHERE t.wallet_id = $1 AND t.kind = 'CASH_OUT' AND p.status <> 'FAILED'
       AND t.created_at >= date_trunc('day', now(), 'UTC')`,
    [walletId, limit],
  );
  if (rows[0]?.exceeded) throw new ServiceError('LIMIT', 'the wallet has paid out what it may in a day');
}
