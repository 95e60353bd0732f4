import { brokenConstraint, ServiceError } from '#pipeline/runtime/errors.ts';

const byConstraint: Readonly<Record<string, () => ServiceError>> = {
  economy_wallets_no_overdraft: insufficient,
  economy_wallets_holds_covered: insufficient,
  economy_wallets_exact: () => new ServiceError('BAD_REQUEST', 'the wallet cannot hold as much'),
  shop_purchases_refund_bound: () =>
    new ServiceError('CONFLICT', 'more cannot be refunded than is left of what was paid'),
};

function insufficient(): ServiceError {
  return new ServiceError('INSUFFICIENT_FUNDS', 'the wallet does not hold as much');
}

/** What the database refuses by a rule of the ledger is the caller's to know; anything else is ours. */
export function translateEconomyError(thrown: unknown): ServiceError | undefined {
  return byConstraint[brokenConstraint(thrown) ?? '']?.();
}
