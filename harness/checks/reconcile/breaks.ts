import { CountersignError } from '../../errors.ts';
import { absolute } from './money.ts';
import type { Row } from './normalise.ts';

export const breakClasses = [
  'missing_left',
  'missing_right',
  'duplicate',
  'currency',
  'sign',
  'unit',
  'rounding',
  'amount',
  'type',
  'status',
  'timing',
] as const;
export type BreakClass = (typeof breakClasses)[number];
export type Field = 'currency' | 'amount' | 'type' | 'status' | 'at';

/** One named difference. What it adds to `left - right` is its left amount less its right amount. */
export interface Break {
  class: BreakClass;
  key: string;
  left: Row | undefined;
  right: Row | undefined;
  /** Every field in which the two rows differ. */
  differs: Field[];
}

export interface Breaks {
  list: Break[];
  /** Pairs that differ by no more than the tolerance, in nothing but the amount. */
  hidden: { left: Row; right: Row }[];
}

export interface BreakRules {
  /** Minor units. */
  tolerance: bigint;
  /** Decimals of the minor unit of a currency. */
  scaleOf(currency: string): number;
}

/** Rows of one key are matched each with each; so many of them only come from a wrong column. */
const maxPairs = 1_000_000;

interface Group {
  left: Row[];
  right: Row[];
}

/** Diffs rows by key. Excluded rows never count, but explain why the other side's row stands alone. */
export function findBreaks(left: readonly Row[], right: readonly Row[], rules: BreakRules): Breaks {
  const groups = new Map<string, Group>();
  for (const row of left) groupOf(groups, row.key).left.push(row);
  for (const row of right) groupOf(groups, row.key).right.push(row);
  const found: Breaks = { list: [], hidden: [] };
  for (const [key, group] of groups) compareGroup(key, group, rules, found);
  found.list.sort(byDayThenKey);
  return found;
}

function groupOf(groups: Map<string, Group>, key: string): Group {
  let group = groups.get(key);
  if (!group) {
    group = { left: [], right: [] };
    groups.set(key, group);
  }
  return group;
}

function compareGroup(key: string, group: Group, rules: BreakRules, found: Breaks): void {
  const all = { left: group.left.filter(counts), right: group.right.filter(counts) };
  if (all.left.length * all.right.length > maxPairs) throw notAKey(all.left.length, all.right.length);
  const pairs = pairUp(all.left, all.right);
  for (const { left, right } of pairs.both) comparePair(key, left, right, rules, found);
  for (const row of pairs.left) {
    found.list.push({
      class: loneClass(row, all.left, group.right, 'missing_right'),
      key,
      left: row,
      right: undefined,
      differs: [],
    });
  }
  for (const row of pairs.right) {
    found.list.push({
      class: loneClass(row, all.right, group.left, 'missing_left'),
      key,
      left: undefined,
      right: row,
      differs: [],
    });
  }
}

function notAKey(left: number, right: number): CountersignError {
  return new CountersignError(
    'SOURCE_ANSWER',
    `one key stands in ${left} rows on the left and ${right} on the right`,
    { hint: 'is `columns.key` really what tells two rows apart?' },
  );
}

const counts = (row: Row): boolean => row.excluded === undefined;

/** Likest first: equal rows cancel, then rows of equal money meet, then whatever is left in a fixed order. */
function pairUp(left: readonly Row[], right: readonly Row[]) {
  const tests = [isSame, isSameMoney, () => true];
  const both: { left: Row; right: Row }[] = [];
  let [restLeft, restRight] = [left.toSorted(byMoney), right.toSorted(byMoney)];
  for (const test of tests) {
    const unmatched: Row[] = [];
    for (const row of restLeft) {
      const at = restRight.findIndex((other) => test(row, other));
      const other = restRight[at];
      if (other) both.push({ left: row, right: other });
      else unmatched.push(row);
      if (at >= 0) restRight.splice(at, 1);
    }
    restLeft = unmatched;
  }
  return { both, left: restLeft, right: restRight };
}

function comparePair(key: string, left: Row, right: Row, rules: BreakRules, found: Breaks): void {
  const differs = differingFields(left, right);
  if (differs.length === 0) return;
  const apart = absolute(left.amount - right.amount);
  if (differs.length === 1 && differs[0] === 'amount' && apart <= rules.tolerance) {
    found.hidden.push({ left, right });
    return;
  }
  found.list.push({ class: pairClass(left, right, differs, rules), key, left, right, differs });
}

function differingFields(left: Row, right: Row): Field[] {
  const fields: Field[] = ['currency', 'amount', 'type', 'status', 'at'];
  return fields.filter((field) => left[field] !== right[field]);
}

function pairClass(left: Row, right: Row, differs: readonly Field[], rules: BreakRules): BreakClass {
  if (differs.includes('currency')) return 'currency';
  if (differs.includes('amount')) return amountClass(left, right, rules);
  if (differs.includes('type')) return 'type';
  return differs.includes('status') ? 'status' : 'timing';
}

function amountClass(left: Row, right: Row, rules: BreakRules): BreakClass {
  const [a, b] = [left.amount, right.amount];
  if (a === -b) return 'sign';
  const factors = [100n, 10n ** BigInt(rules.scaleOf(left.currency))].filter((factor) => factor > 1n);
  if (factors.some((factor) => a === b * factor || b === a * factor)) return 'unit';
  return absolute(a - b) <= 1n ? 'rounding' : 'amount';
}

function loneClass(row: Row, own: readonly Row[], other: readonly Row[], missing: BreakClass): BreakClass {
  if (own.length > 1) return 'duplicate';
  const apart = other.find((each) => each.excluded !== undefined && isSameMoney(each, row)) ?? other[0];
  if (apart?.excluded === undefined) return missing;
  return apart.excluded === 'status' ? 'status' : 'timing';
}

function isSame(left: Row, right: Row): boolean {
  return differingFields(left, right).length === 0;
}

function isSameMoney(left: Row, right: Row): boolean {
  return left.amount === right.amount && left.currency === right.currency;
}

const order = (a: string | bigint | number, b: typeof a): number => (a < b ? -1 : a > b ? 1 : 0);

function byMoney(a: Row, b: Row): number {
  return (
    order(a.currency, b.currency) ||
    order(a.amount, b.amount) ||
    order(a.at ?? 0, b.at ?? 0) ||
    order(a.type, b.type) ||
    order(a.status, b.status)
  );
}

function byDayThenKey(a: Break, b: Break): number {
  const day = ({ left, right }: Break) => left?.day ?? right?.day ?? '';
  return order(day(a), day(b)) || order(a.key, b.key) || order(a.class, b.class);
}
