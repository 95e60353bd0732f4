import { ServiceError } from '#pipeline/runtime/errors.ts';

/** A bigint as PostgreSQL writes it, as the integer that JSON carries; never one that a double would bend. */
export function coins(text: string): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new ServiceError('AMOUNT_TOO_LARGE', 'an amount is too large to be answered exactly');
  }
  return value;
}
