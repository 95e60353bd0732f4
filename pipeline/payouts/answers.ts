import type { Static } from 'typebox';
import { maskAccountNumber } from '#pipeline/shared/mask.ts';
import type { Payout } from './payouts.ts';
import type { PayoutAnswer, RetryAnswer } from './schemas.ts';

export function payoutAnswer(payout: Payout): Static<typeof PayoutAnswer> {
  const {
    id: _,
    provider_response: _r,
    quote: _q,
    round: _n,
    amount_cents,
    created_at,
    updated_at,
    ...rest
  } = payout;
  return {
    ...rest,
    amount_cents: Number(amount_cents),
    last_attempt_at: moment(payout.last_attempt_at),
    next_retry_at: moment(payout.next_retry_at),
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  };
}

/** For those whose number it is not. */
export function maskedPayoutAnswer(payout: Payout): Static<typeof PayoutAnswer> {
  return payoutAnswer({ ...payout, phone_e164: maskAccountNumber(payout.phone_e164) });
}

export function retryAnswer(payout: Payout): Static<typeof RetryAnswer> {
  const { transaction_id, status, retryable, attempt_count, next_retry_at } = payout;
  return { transaction_id, status, retryable, attempt_count, next_retry_at: moment(next_retry_at) };
}

function moment(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
