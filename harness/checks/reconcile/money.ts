import type { Columns } from './options.ts';

export interface AmountRule {
  unit: Columns['unit'];
  /** Decimals of the minor unit. */
  scale: number;
  rounding: NonNullable<Columns['rounding']>;
  /** JSON: a minor amount with a decimal point shows that a float was in play somewhere. */
  refusePoint: boolean;
}

export type Minor = { minor: bigint; rounded: boolean } | { why: string };

/** Longer than any sum of money, short enough that a hostile answer costs nothing. */
const maxDigits = 100;

/** Decimal text to minor units, exactly: no float is ever made of it. */
export function toMinor(text: string, rule: AmountRule): Minor {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match || text.length > maxDigits)
    return { why: `\`${text.slice(0, 40)}\` is not a plain decimal number` };
  const [, sign = '', whole = '', point] = match;
  if (rule.unit === 'minor' && rule.refusePoint && point !== undefined) {
    return { why: `${text} is declared as minor units but has a decimal point` };
  }
  const scale = rule.unit === 'minor' ? 0 : rule.scale;
  const fraction = (point ?? '').replace(/0+$/, '');
  const kept = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  const rest = fraction.slice(scale);
  if (rest !== '' && (rule.unit === 'minor' || rule.rounding === 'refuse')) {
    return { why: `${text} is finer than the minor unit (${scale} decimals)` };
  }
  const magnitude = rest === '' ? kept : kept + roundingStep(kept, rest, rule.rounding);
  return { minor: sign === '-' ? -magnitude : magnitude, rounded: rest !== '' };
}

function roundingStep(kept: bigint, rest: string, rounding: AmountRule['rounding']): bigint {
  const first = rest.charCodeAt(0) - 48;
  if (first !== 5 || rest.length > 1) return first >= 5 ? 1n : 0n;
  return rounding === 'half_up' || kept % 2n === 1n ? 1n : 0n;
}

export function absolute(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}
