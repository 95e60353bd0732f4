import { CountersignError } from '../../errors.ts';
import { Aggregate, type Bucket, differingPartitions, partitionOf } from './aggregate.ts';
import { type BreakRules, type Breaks, findBreaks } from './breaks.ts';
import type { Row } from './normalise.ts';
import { IrregularRows, type Side, tooManyRows } from './side.ts';

export interface Limits {
  /** Rows held in memory per side. */
  maxRows: number;
  /** Readings of data that moves. */
  passes: number;
}

export interface Comparison extends Breaks {
  left: Aggregate;
  right: Aggregate;
  /** How often each side was read. */
  readings: number;
}

export interface Reading {
  aggregate: Aggregate;
  /** Those of the partitions that are kept. */
  rows: Row[];
}

export type ReadSide = (
  side: Side,
  kept: ReadonlySet<number>,
  maxRows: number,
  signal: AbortSignal,
) => Promise<Reading>;

/**
 * Reads each side once. Only when fingerprints differ are the sides read again, keeping the rows of the partitions
 * that differ; that reading counts, and if it shows partitions whose rows were not kept, it is made once more.
 */
export async function compareSides(
  left: Side,
  right: Side,
  settings: Limits & BreakRules & { signal: AbortSignal },
  readSide: ReadSide = readRows,
): Promise<Comparison> {
  const kept = new Set<number>();
  for (let readings = 1; readings <= settings.passes + 1; readings += 1) {
    const [one, other] = await readBoth([left, right], kept, settings, readSide);
    const differing = differingPartitions(one.aggregate, other.aggregate);
    if (differing.isSubsetOf(kept)) {
      const breaks = findBreaks(one.rows, other.rows, settings);
      return { ...breaks, left: one.aggregate, right: other.aggregate, readings };
    }
    for (const partition of differing) kept.add(partition);
  }
  throw new CountersignError('SOURCE_ANSWER', `the rows moved in each of ${settings.passes + 1} readings`, {
    hint: 'end the window before rows still arrive, or ignore rows that are too young',
  });
}

/**
 * The same comparison with the sums made inside the databases, where both hash alike and all rows are plain;
 * `undefined` where only reading the rows can tell.
 */
export async function compareInDatabase(
  left: Side,
  right: Side,
  settings: Limits & BreakRules & { signal: AbortSignal },
): Promise<Comparison | undefined> {
  const [one, other] = [left.database, right.database];
  if (!one || !other || one.probe !== other.probe) return undefined;
  // undivided sums, sums by partition, rows
  const atLeastThree = { ...settings, passes: Math.max(settings.passes, 3) };
  try {
    return await compareSides(left, right, atLeastThree, (side, ...rest) =>
      (side === left ? one : other).read(...rest),
    );
  } catch (thrown) {
    if (thrown instanceof IrregularRows) return undefined;
    throw thrown;
  }
}

/** Both at once, so that they are seen at nearly the same moment; one that fails stops the other. */
async function readBoth(
  [left, right]: readonly [Side, Side],
  kept: ReadonlySet<number>,
  { maxRows, signal }: Limits & { signal: AbortSignal },
  readSide: ReadSide,
): Promise<[Reading, Reading]> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const read = async (side: Side) => {
    try {
      return await readSide(side, kept, maxRows, either);
    } catch (thrown) {
      stop.abort(thrown);
      throw thrown;
    }
  };
  const [one, other] = await Promise.allSettled([read(left), read(right)]);
  signal.throwIfAborted();
  if (one.status === 'fulfilled' && other.status === 'fulfilled') return [one.value, other.value];
  throw stop.signal.reason;
}

/** Every row through this process: the exact way, open to every side. */
const readRows: ReadSide = async (side, kept, maxRows, signal) => {
  const aggregate = new Aggregate();
  const rows: Row[] = [];
  for await (const batch of side.read(signal)) {
    signal.throwIfAborted();
    for (const row of batch) {
      aggregate.add(row);
      if (kept.size > 0 && kept.has(partitionOf(row.key))) rows.push(row);
    }
    if (rows.length > maxRows) throw tooManyRows(side.name, maxRows);
  }
  return { aggregate, rows };
};

export interface BucketPair {
  currency: string;
  day: string;
  type: string;
  left: { rows: number; minor: bigint };
  right: { rows: number; minor: bigint };
  same: boolean;
}

/** Every bucket that either side has, in order of currency, day and type. */
export function pairBuckets(left: Aggregate, right: Aggregate): BucketPair[] {
  const none: Pick<Bucket, 'rows' | 'minor' | 'low' | 'high'> = { rows: 0, minor: 0n, low: 0n, high: 0n };
  const ids = [...new Set([...left.buckets.keys(), ...right.buckets.keys()])].sort();
  return ids.flatMap((id) => {
    const one = left.buckets.get(id);
    const other = right.buckets.get(id);
    const named = one ?? other;
    if (!named) return [];
    const [a, b] = [one ?? none, other ?? none];
    const same = a.rows === b.rows && a.minor === b.minor && a.low === b.low && a.high === b.high;
    return [{ currency: named.currency, day: named.day, type: named.type, left: a, right: b, same }];
  });
}
