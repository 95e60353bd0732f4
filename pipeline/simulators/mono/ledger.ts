import { createHash } from 'node:crypto';

/** A row on the wire. Appended rows may be anything, so that bad rows can be served as well. */
export type WireRow = Record<string, unknown>;

export interface LedgerSpec {
  accountId: string;
  /** Rows that the seed gives; more can be appended. */
  rows: number;
  /** Seconds between two seeded rows. */
  stepSeconds: number;
  /** When the newest seeded row was booked. */
  anchor: Date;
  seed: string;
}

export interface Filter {
  /** Milliseconds, inclusive. */
  from?: number;
  until?: number;
  type?: string;
  narration?: string;
}

export interface View {
  total: number;
  /** Newest first. */
  slice(offset: number, limit: number): WireRow[];
}

const lowestBalance = 10_000_000;
const balanceSteps = 245_000_000;

const credits = [
  ['NIP TRANSFER FROM ADA STORES', 'transfer'],
  ['SALARY OKORO LTD', 'salary'],
  ['TRF FROM 0123456789 BAYO ADE', 'transfer'],
  ['REVERSAL POS PURCHASE', null],
] as const;
const debits = [
  ['POS PURCHASE MAMA PUT', 'food_and_drinks'],
  ['AIRTIME TOP UP', 'top_up'],
  ['NIP CHARGE + VAT', 'bank_charges'],
  ['TRF TO 9876543210 CHIDI OBI', 'transfer'],
  ['EKEDC PREPAID METER', 'bills_and_utilities'],
  ['WEB PAYMENT', 'unknown'],
] as const;

/**
 * Transactions of one account, each computed from the seed and its place in the account's life, so that a
 * million rows need no memory. Amount and direction follow from the balances on both sides of a row: the
 * running balance is right at every row.
 */
export class Ledger {
  readonly spec: LedgerSpec;
  readonly #salt: number;
  #appended: WireRow[] = [];

  constructor(spec: LedgerSpec) {
    this.spec = spec;
    this.#salt = createHash('sha256').update(`${spec.seed}|${spec.accountId}`).digest().readUInt32BE();
  }

  get size(): number {
    return this.spec.rows + this.#appended.length;
  }

  get balance(): number {
    return this.#balanceBefore(this.size);
  }

  reset(): void {
    this.#appended = [];
  }

  /** Puts a row on top; `change` overrides what the seed gives it. */
  append(now: Date, change: WireRow = {}): WireRow {
    const newest = Date.parse(String(this.#at(this.size - 1)?.date ?? ''));
    const booked = Number.isNaN(newest) ? now.getTime() : Math.max(now.getTime(), newest + 1000);
    const row = { ...this.#row(this.size, booked), ...change };
    this.#appended.push(row);
    return row;
  }

  view(filter: Filter): View {
    const appended = this.#appended.filter((row) => within(row, filter)).reverse();
    const low = this.#firstBookedAt(filter.from ?? Number.NEGATIVE_INFINITY);
    const high = Math.max(low, this.#firstBookedAt((filter.until ?? Number.POSITIVE_INFINITY) + 1));
    const total = appended.length + high - low;
    const at = (index: number) => appended[index] ?? this.#seeded(high - 1 - (index - appended.length));
    if (filter.type === undefined && filter.narration === undefined) {
      return { total, slice: (offset, limit) => range(offset, Math.min(offset + limit, total), at) };
    }
    const matches = (index: number) => matchesText(at(index), filter);
    return scanned(total, at, matches);
  }

  #at(ordinal: number): WireRow | undefined {
    if (ordinal < 0) return undefined;
    return ordinal < this.spec.rows ? this.#seeded(ordinal) : this.#appended[ordinal - this.spec.rows];
  }

  #seeded(ordinal: number): WireRow {
    return this.#row(ordinal, this.#bookedAt(ordinal));
  }

  #row(ordinal: number, booked: number): WireRow {
    const balance = this.#balanceBefore(ordinal + 1);
    const change = balance - this.#balanceBefore(ordinal);
    const texts = change > 0 ? credits : debits;
    const [narration, category] = texts[this.#mix(ordinal, 2) % texts.length] ?? credits[0];
    return {
      id: hex(Math.floor(booked / 1000)) + hex(this.#salt) + hex(ordinal),
      narration,
      amount: Math.abs(change),
      type: change > 0 ? 'credit' : 'debit',
      balance,
      date: new Date(booked).toISOString(),
      category,
    };
  }

  /** Odd after odd rows and even after even ones: no row can change a balance by nothing. */
  #balanceBefore(ordinal: number): number {
    return lowestBalance + 2 * (this.#mix(ordinal, 1) % balanceSteps) + (ordinal % 2);
  }

  #bookedAt(ordinal: number): number {
    const age = this.spec.rows - 1 - ordinal;
    const scatter = age === 0 ? 0 : this.#mix(ordinal, 3) % this.spec.stepSeconds;
    return this.spec.anchor.getTime() - (age * this.spec.stepSeconds + scatter) * 1000;
  }

  /** Ordinal of the first seeded row at or after a moment: booking times rise with ordinals. */
  #firstBookedAt(moment: number): number {
    let low = 0;
    let high = this.spec.rows;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#bookedAt(middle) < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #mix(ordinal: number, purpose: number): number {
    let bits = this.#salt ^ Math.imul(ordinal + 1, 0x9e3779b1) ^ Math.imul(purpose, 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return (bits ^ (bits >>> 16)) >>> 0;
  }
}

function scanned(size: number, at: (index: number) => WireRow, matches: (index: number) => boolean): View {
  let total = 0;
  for (let index = 0; index < size; index++) if (matches(index)) total += 1;
  return {
    total,
    slice(offset, limit) {
      const found: WireRow[] = [];
      let skipped = 0;
      for (let index = 0; index < size && found.length < limit; index++) {
        if (!matches(index)) continue;
        if (skipped < offset) skipped += 1;
        else found.push(at(index));
      }
      return found;
    },
  };
}

function within(row: WireRow, filter: Filter): boolean {
  const booked = Date.parse(String(row.date));
  return !(booked < (filter.from ?? booked) || booked > (filter.until ?? booked));
}

function matchesText(row: WireRow, { type, narration }: Filter): boolean {
  const text = String(row.narration ?? '').toLowerCase();
  return (type === undefined || row.type === type) && text.includes((narration ?? '').toLowerCase());
}

function range(from: number, to: number, at: (index: number) => WireRow): WireRow[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => at(from + index));
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
