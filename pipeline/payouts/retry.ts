import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { type Audit, audit } from './audit.ts';
import { confirm, isRefOfAnother, makeDue, type Payout, payoutColumns, reopen } from './payouts.ts';

type Who = Pick<Audit, 'actor' | 'requestId'>;

export interface RetryOrder extends Who {
  /** Also one that failed and is not retryable. */
  force: boolean;
  reason: string | null;
}

/**
 * An open payout that was submitted is due now: the worker asks the provider first and sends only what it does not
 * know. A failed one is debited again and pending; the submissions of both leave room for one more at least.
 */
export function retryPayout(db: Database, transactionId: string, order: RetryOrder): Promise<Payout> {
  return db.transaction(async (tx) => {
    const payout = await lockPayout(tx, transactionId);
    if (payout.status === 'CONFIRMED') throw new ServiceError('ALREADY_CONFIRMED', 'the payout is confirmed');
    if (payout.status === 'PENDING' && payout.attempt_count === 0) return payout;
    const changed =
      payout.status === 'FAILED'
        ? await reopen(tx, transactionId, { force: order.force })
        : await makeDue(tx, transactionId);
    if (!changed) throw new ServiceError('NOT_RETRYABLE', 'the payout failed for good; force tries it again');
    const { force, ...entry } = order;
    const detail = { force, from: payout.status, to: changed.status };
    await audit(tx, { ...entry, action: 'payout.retry', target: transactionId, detail });
    return changed;
  });
}

export interface ConfirmOrder extends Who {
  providerRef: string | null;
  reason: string | null;
}

/** By an administrator who knows that it was paid. */
export function confirmPayout(db: Database, transactionId: string, order: ConfirmOrder): Promise<Payout> {
  return db.transaction(async (tx) => {
    const payout = await lockPayout(tx, transactionId);
    if (payout.status === 'FAILED') throw new ServiceError('ALREADY_FAILED', 'its money has been returned');
    const { providerRef, ...entry } = order;
    if (providerRef !== null && (await isRefOfAnother(tx, payout, providerRef))) {
      throw new ServiceError('PROVIDER_REF_MISMATCH', 'the provider knows another payout by this reference');
    }
    const changed = await confirm(tx, transactionId, { providerRef });
    if (!changed) throw new ServiceError('ALREADY_CONFIRMED', 'the payout is confirmed');
    const detail = { from: payout.status, provider_ref: providerRef };
    await audit(tx, { ...entry, action: 'payout.confirmed', target: transactionId, detail });
    return changed;
  });
}

async function lockPayout(tx: Queryable, transactionId: string): Promise<Payout> {
  const { rows } = await tx.query<Payout>(
    `SELECT ${payoutColumns()} FROM app.mobile_money_payouts WHERE transaction_id = $1 FOR NO KEY UPDATE`,
    [transactionId],
  );
  const [payout] = rows;
  if (!payout) throw new ServiceError('NOT_FOUND', 'Payout not found');
  return payout;
}
