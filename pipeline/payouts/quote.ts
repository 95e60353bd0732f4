import { ServiceError } from '#pipeline/runtime/errors.ts';

/** The countries whose currency is the XOF: what is sent is what arrives. */
const zone = new Set(['BF', 'BJ', 'CI', 'GW', 'ML', 'NE', 'SN', 'TG']);

/** As it is answered and kept with the payout, beside the corridor; amounts are integers of hundredths. */
export interface Quote {
  fee_cents: number;
  fx_rate: string;
  receive_amount_minor: number;
}

export interface Asked {
  amountCents: number;
  /** The country that it goes to. */
  to: string;
  feeBasisPoints: number;
}

/** A fee is rounded up to a whole cent. */
export function quoteCashOut({ amountCents, to, feeBasisPoints }: Asked): Quote {
  if (!zone.has(to)) {
    throw new ServiceError('UNSUPPORTED_COUNTRY', `money goes to ${[...zone].join(', ')}`);
  }
  const fee = (BigInt(amountCents) * BigInt(feeBasisPoints) + 9_999n) / 10_000n;
  return {
    fee_cents: Number(fee),
    fx_rate: '1',
    receive_amount_minor: amountCents,
  };
}
