import { createHash } from 'node:crypto';
import type { Aggregate } from './aggregate.ts';
import { type Break, breakClasses } from './breaks.ts';
import { type BucketPair, type Comparison, pairBuckets } from './compare.ts';
import type { BreakFacts, ReconcileFacts, SideFacts } from './facts.ts';
import { checkLaw, differenceOf } from './law.ts';
import { createShowKey } from './mask.ts';
import { absolute } from './money.ts';
import type { Side } from './side.ts';

const listedBreaks = 20;
const listedDays = 50;
const dayMs = 86_400_000;

/** How keys and ages read, in facts and files alike. */
export interface Describe {
  key(key: string): string;
  age(each: Break): number | undefined;
}

export function createDescribe(mask: boolean, now: Date): Describe {
  return {
    key: createShowKey(mask),
    age: ({ left, right }) => {
      const at = left?.at ?? right?.at;
      return at === undefined ? undefined : Math.max(0, Math.floor((now.getTime() - at) / dayMs));
    },
  };
}

export interface SummaryInput {
  left: Side;
  right: Side;
  basis: 'net' | 'gross';
  tolerance: bigint;
  inDatabase: boolean;
  comparison: Comparison;
  describe: Describe;
  redact(text: string): string;
}

type Computed = Omit<ReconcileFacts, 'compared_by' | 'window' | 'started_at' | 'finished_at'>;

export function summarise(input: SummaryInput): { facts: Computed; buckets: BucketPair[] } {
  const { comparison, describe } = input;
  const { left, right, list, hidden } = comparison;
  const law = checkLaw(left, right, comparison);
  const buckets = pairBuckets(left, right);
  const differing = buckets.filter(({ same }) => !same);
  const sides = { left: sideFacts(input, input.left, left), right: sideFacts(input, input.right, right) };
  const facts: Computed = {
    ...sides,
    difference_minor: String(BigInt(sides.left.total_minor) - BigInt(sides.right.total_minor)),
    by_currency: law.currencies.map((each) => ({
      currency: each.currency,
      left_minor: String(each.left),
      right_minor: String(each.right),
      difference_minor: String(each.left - each.right),
      named_minor: String(each.named),
    })),
    explained: law.explained,
    breaks: list.length,
    break_classes: classFacts(list),
    first_breaks: list.slice(0, listedBreaks).map((each) => breakFacts(each, describe)),
    buckets_compared: buckets.length,
    differing_buckets: differing.length,
    differing_days: differing.slice(0, listedDays).map(bucketFacts),
    tolerance_minor: String(input.tolerance),
    hidden_by_tolerance_rows: hidden.length,
    hidden_by_tolerance_minor: String(hidden.reduce((sum, pair) => sum + absolute(differenceOf(pair)), 0n)),
    readings: comparison.readings,
    summed_by: input.inDatabase ? 'database' : 'countersign',
  };
  return { facts, buckets };
}

function sideFacts(input: SummaryInput, side: Side, aggregate: Aggregate): SideFacts {
  const { window, status, young } = aggregate.excluded;
  const currencies = new Map<string, { rows: number; minor: bigint }>();
  for (const { currency, rows, minor } of aggregate.buckets.values()) {
    const sum = currencies.get(currency) ?? { rows: 0, minor: 0n };
    currencies.set(currency, { rows: sum.rows + rows, minor: sum.minor + minor });
  }
  return {
    name: side.name,
    kind: side.kind,
    rows: aggregate.rows,
    total_minor: String(input.basis === 'net' ? aggregate.net : aggregate.gross),
    net_minor: String(aggregate.net),
    gross_minor: String(aggregate.gross),
    basis: input.basis,
    by_currency: [...currencies]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([currency, { rows, minor }]) => ({ currency, rows, total_minor: String(minor) })),
    scanned_rows: aggregate.scanned,
    outside_window_rows: window.rows,
    ignored_rows: status.rows + young.rows,
    ignored_minor: String(status.minor + young.minor),
    rounded_rows: aggregate.rounded,
    requests: side.requests(),
    snapshot: input.inDatabase ? 'each sum in one statement' : side.snapshot(),
    definition_sha256: createHash('sha256')
      .update(input.redact(JSON.stringify(side.definition)))
      .digest('hex'),
  };
}

function classFacts(list: readonly Break[]): ReconcileFacts['break_classes'] {
  const entries = breakClasses.map((name) => {
    const differences = list.filter((each) => each.class === name).map(differenceOf);
    const sum = (values: readonly bigint[]) => String(values.reduce((total, value) => total + value, 0n));
    const facts = {
      count: differences.length,
      difference_minor: sum(differences),
      absolute_minor: sum(differences.map(absolute)),
    };
    return [name, facts];
  });
  return Object.fromEntries(entries);
}

function breakFacts(each: Break, { key, age }: Describe): BreakFacts {
  const { left, right } = each;
  const days = age(each);
  return {
    class: each.class,
    key: key(each.key),
    currency: [...new Set([left?.currency, right?.currency])].filter((text) => text !== undefined).join('/'),
    ...(left ? { left_minor: String(left.amount) } : {}),
    ...(right ? { right_minor: String(right.amount) } : {}),
    difference_minor: String(differenceOf(each)),
    day: left?.day ?? right?.day ?? '',
    ...(days === undefined ? {} : { age_days: days }),
    differs: each.differs,
  };
}

function bucketFacts({
  day,
  currency,
  type,
  left,
  right,
}: BucketPair): ReconcileFacts['differing_days'][number] {
  return {
    day,
    currency,
    type,
    left_rows: left.rows,
    right_rows: right.rows,
    left_minor: String(left.minor),
    right_minor: String(right.minor),
    difference_minor: String(left.minor - right.minor),
  };
}
