import {
  confirm,
  fail,
  isRefOfAnother,
  markSent,
  type Payout,
  type Provider,
  payoutColumns,
  reopen,
} from '#pipeline/payouts/payouts.ts';
import { referenceOf } from '#pipeline/payouts/worker/settings.ts';
import type { Queryable } from '#pipeline/runtime/db.ts';
import { isTaken, type News } from './news.ts';

/** Why a callback changed nothing. */
export type Ignored =
  | 'PAYOUT_NOT_FOUND'
  | 'ALREADY_CONFIRMED'
  | 'ALREADY_FAILED'
  /** Of a try that failed, before an administrator had it tried again. */
  | 'SUPERSEDED'
  /** The provider knows this payout by another reference, or another payout by this one. */
  | 'PROVIDER_REF_MISMATCH'
  | 'NO_CHANGE';

export interface Effect {
  applied: boolean;
  reason: Ignored | null;
  transactionId: string | null;
}

export interface ApplyOptions {
  /** Until a payout that is under way is looked at again. */
  pollSeconds: number;
  /** A payout that failed, and was paid after all, is debited again and confirmed. */
  override?: boolean;
}

/** Within a transaction. Only the payouts of this provider can be meant; what is decided stays so. */
export async function applyNews(
  tx: Queryable,
  provider: Provider,
  news: News,
  options: ApplyOptions,
): Promise<Effect> {
  const payout = await lockMeant(tx, provider, news);
  if (!payout) return { applied: false, reason: 'PAYOUT_NOT_FOUND', transactionId: null };
  const reason = await decide(tx, payout, news, options);
  return { applied: reason === null, reason, transactionId: payout.transaction_id };
}

/** By our own reference where there is one; a round of it that is over is still about this payout. */
async function lockMeant(tx: Queryable, provider: Provider, news: News): Promise<Payout | undefined> {
  const { externalRef, providerRef } = news;
  const names = externalRef === null ? [] : [externalRef, externalRef.replace(/-r\d{1,9}$/, '')];
  const { rows } = await tx.query<Payout>(
    `SELECT ${payoutColumns()} FROM app.mobile_money_payouts
     WHERE provider = $1 AND CASE WHEN $4 THEN external_ref = ANY ($2) ELSE provider_ref = $3 END
     ORDER BY length(external_ref) DESC LIMIT 1 FOR NO KEY UPDATE`,
    [provider, names, providerRef, externalRef !== null],
  );
  return rows[0];
}

async function decide(
  tx: Queryable,
  payout: Payout,
  news: News,
  options: ApplyOptions,
): Promise<Ignored | null> {
  const { transaction_id: id, status } = payout;
  if (status === 'CONFIRMED') return 'ALREADY_CONFIRMED';
  if (status === 'FAILED') {
    if (!options.override || news.state !== 'CONFIRMED') return 'ALREADY_FAILED';
    const round = roundOf(payout, news);
    if (round === undefined) return 'SUPERSEDED';
    if (await isOtherRef(tx, { ...payout, provider_ref: null }, news)) return 'PROVIDER_REF_MISMATCH';
    await reopen(tx, id, { force: true });
    await confirm(tx, id, { ...confirmationOf(news), round });
    return null;
  }
  if (news.externalRef !== null && news.externalRef !== referenceOf(payout, payout.round))
    return 'SUPERSEDED';
  if (await isOtherRef(tx, payout, news)) return 'PROVIDER_REF_MISMATCH';
  if (news.state === 'CONFIRMED') await confirm(tx, id, confirmationOf(news));
  else if (news.state === 'FAILED') {
    const { providerRef, status: error } = news;
    await fail(tx, id, { error, retryable: false, providerRef, response: responseOf(news) });
  } else {
    const { providerRef, status: word } = news;
    if (payout.provider_ref !== null || providerRef === null || !isTaken(payout.provider, word))
      return 'NO_CHANGE';
    await markSent(tx, id, { providerRef, delaySeconds: options.pollSeconds, response: responseOf(news) });
  }
  return null;
}

/** The one that the provider speaks of; undefined: it was given no such reference. */
function roundOf(payout: Payout, { externalRef }: News): number | undefined {
  if (externalRef === null) return payout.round;
  for (let round = 0; round <= payout.round; round += 1) {
    if (referenceOf(payout, round) === externalRef) return round;
  }
  return undefined;
}

const responseOf = ({ status }: News) => ({ status, by: 'webhook' });
const confirmationOf = (news: News) => ({ providerRef: news.providerRef, response: responseOf(news) });

async function isOtherRef(tx: Queryable, payout: Payout, { providerRef }: News): Promise<boolean> {
  if (providerRef === null) return false;
  if (payout.provider_ref !== null) return payout.provider_ref !== providerRef;
  return isRefOfAnother(tx, payout, providerRef);
}
