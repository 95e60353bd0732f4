import type { Aggregate } from './aggregate.ts';
import type { Break, Breaks } from './breaks.ts';
import type { Row } from './normalise.ts';

export interface CurrencyLaw {
  currency: string;
  left: bigint;
  right: bigint;
  /** What the named breaks and the tolerance add up to. */
  named: bigint;
}

/** `left - right = sum of the named breaks`, each side of the equation summed from other numbers than the other. */
export function checkLaw(left: Aggregate, right: Aggregate, { list, hidden }: Breaks) {
  const lines = new Map<string, CurrencyLaw>();
  const line = (currency: string): CurrencyLaw => {
    const known = lines.get(currency) ?? { currency, left: 0n, right: 0n, named: 0n };
    lines.set(currency, known);
    return known;
  };
  for (const { currency, minor } of left.buckets.values()) line(currency).left += minor;
  for (const { currency, minor } of right.buckets.values()) line(currency).right += minor;
  let namedRows = 0;
  for (const pair of [...list, ...hidden]) {
    if (pair.left) line(pair.left.currency).named += pair.left.amount;
    if (pair.right) line(pair.right.currency).named -= pair.right.amount;
    namedRows += Number(pair.left !== undefined) - Number(pair.right !== undefined);
  }
  const currencies = [...lines.values()].sort((a, b) => (a.currency < b.currency ? -1 : 1));
  const balanced = currencies.every((each) => each.left - each.right === each.named);
  return { currencies, explained: balanced && left.rows - right.rows === namedRows };
}

/** Amounts of two currencies have no difference; each counts in its own line of the law. */
export function differenceOf({ left, right }: Pick<Break, 'left' | 'right'>): bigint {
  const amount = (row: Row | undefined) => row?.amount ?? 0n;
  return amount(left) - amount(right);
}
