import { randomUUID } from 'node:crypto';
import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { createPayout, externalRefOf } from './create.ts';
import type { KeyedWork } from './idempotency.ts';
import type { Provider } from './payouts.ts';
import { quoteCashOut } from './quote.ts';
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

/** Reads only; what is planned happens with `run`, which debits the wallet and creates the payout. */
export async function planCashOut(db: Database, asked: CashOut, rules: CashOutRules): Promise<KeyedWork> {
  const { walletId, amountCents, country } = asked;
  const { owner } = await ownWallet(db, walletId, asked.userId);
  const { feeBasisPoints, dailyLimitCents } = rules;
  const quote = quoteCashOut({ amountCents, from: owner.country, to: country, feeBasisPoints });
  const id = randomUUID();
  const payout = {
    id,
    walletId,
    provider: asked.provider ?? usualProvider(country),
    phone: asked.phone ?? owner.phone,
    amountCents: BigInt(amountCents),
    feeCents: BigInt(quote.fee_cents),
    quote,
  };
  const body = { transaction_id: id, external_ref: externalRefOf(id), ...quote };
  return {
    answer: { status: 200, body },
    async run(guard) {
      if (dailyLimitCents === 0) return (await createPayout(db, payout, guard)) !== undefined;
      return db.transaction(async (tx) => {
        const made = await createPayout(tx, payout, guard);
        // After the debit: it holds the wallet, so that two at once do not both find room.
        if (made) await assertWithinLimit(tx, walletId, dailyLimitCents);
        return made !== undefined;
      });
    },
  };
}

function usualProvider(country: string): Provider {
  return country.toUpperCase() === 'TG' ? 'TMONEY' : 'MOMO';
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
