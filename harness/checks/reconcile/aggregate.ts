import { hash } from 'node:crypto';
import { absolute } from './money.ts';
import type { Exclusion, Row } from './normalise.ts';

/** Enough that ten breaks among a million rows lead to some hundred rows, at 350 KB a side. */
export const partitionCount = 16_384;

/** Stands for all rows together, in a reading that did not tell partitions apart; no key ever falls in it. */
export const undivided = partitionCount;

export interface Bucket {
  currency: string;
  day: string;
  type: string;
  rows: number;
  /** Sum of amounts, minor units. */
  minor: bigint;
  /** Order-independent fingerprint: sums, so that equal pairs never cancel as they would under xor. */
  low: bigint;
  high: bigint;
}

/**
 * What one reading of a side leaves: totals by (currency, day, type), and fingerprints by a hash of the key, so that
 * all rows of one key lie in one partition whatever else about them differs.
 */
export class Aggregate {
  readonly buckets = new Map<string, Bucket>();
  readonly counts = new Uint32Array(partitionCount + 1);
  /** Two lanes of 64 bits, each summed modulo 2^64. */
  readonly lanes = new BigUint64Array(2 * partitionCount + 2);
  readonly excluded: Record<Exclusion, { rows: number; minor: bigint }> = {
    window: { rows: 0, minor: 0n },
    status: { rows: 0, minor: 0n },
    young: { rows: 0, minor: 0n },
  };
  scanned = 0;
  rows = 0;
  rounded = 0;
  net = 0n;
  gross = 0n;

  add(row: Row): void {
    this.scanned += 1;
    if (row.excluded) {
      this.excluded[row.excluded].rows += 1;
      this.excluded[row.excluded].minor += row.amount;
      return;
    }
    this.rows += 1;
    if (row.rounded) this.rounded += 1;
    this.net += row.amount;
    this.gross += absolute(row.amount);
    const print = fingerprint(row);
    const low = print.readBigUInt64LE(0);
    const high = print.readBigUInt64LE(8);
    this.#addToBucket(row, low, high);
    this.#addToPartition(partitionOf(row.key), low, high);
  }

  #addToPartition(partition: number, low: bigint, high: bigint): void {
    this.counts[partition] = (this.counts[partition] ?? 0) + 1;
    this.lanes[2 * partition] = (this.lanes[2 * partition] ?? 0n) + low;
    this.lanes[2 * partition + 1] = (this.lanes[2 * partition + 1] ?? 0n) + high;
  }

  #addToBucket(row: Row, low: bigint, high: bigint): void {
    const id = bucketId(row);
    let bucket = this.buckets.get(id);
    if (!bucket) {
      const { currency, day, type } = row;
      bucket = { currency, day, type, rows: 0, minor: 0n, low: 0n, high: 0n };
      this.buckets.set(id, bucket);
    }
    bucket.rows += 1;
    bucket.minor += row.amount;
    bucket.low = BigInt.asUintN(64, bucket.low + low);
    bucket.high = BigInt.asUintN(64, bucket.high + high);
  }
}

export function bucketId({ currency, day, type }: Pick<Bucket, 'currency' | 'day' | 'type'>): string {
  return `${currency}\u001f${day}\u001f${type}`;
}

/** Partitions whose rows are not the same on both sides. */
export function differingPartitions(left: Aggregate, right: Aggregate): Set<number> {
  const found = new Set<number>();
  for (let at = 0; at <= undivided; at += 1) {
    const same =
      left.counts[at] === right.counts[at] &&
      left.lanes[2 * at] === right.lanes[2 * at] &&
      left.lanes[2 * at + 1] === right.lanes[2 * at + 1];
    if (!same) found.add(at);
  }
  return found;
}

/** Do two readings of one side hold the same rows? */
export function isSameReading(first: Aggregate, second: Aggregate): boolean {
  const same = first.scanned === second.scanned && first.rows === second.rows;
  return same && differingPartitions(first, second).size === 0;
}

/** The key stands last and the other texts carry their length, so that no two rows share one text. */
function fingerprint(row: Row): Buffer {
  const { amount, currency, at = '', type, status, key } = row;
  const text = `${amount}|${currency}|${at}|${type.length}:${type}|${status.length}:${status}|${key}`;
  return hash('sha256', text, 'buffer');
}

/** FNV-1a: spreads keys evenly and costs a tenth of the fingerprint. */
export function partitionOf(key: string): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) {
    state = Math.imul(state ^ key.charCodeAt(at), 0x01000193);
  }
  return ((state ^ (state >>> 15)) >>> 0) % partitionCount;
}
