/** Neighbouring bounds differ by 1 %, so a percentile is off by half of that at most. */
const growth = Math.log(1.01);
const smallestMs = 0.001;
/** The last bound is beyond an hour; whatever is longer counts there, and `max` stays exact. */
const buckets = Math.ceil(Math.log(3_600_000 / smallestMs) / growth) + 1;

/** Durations in milliseconds, counted in a fixed amount of memory however many they are. */
export class Histogram {
  readonly #counts = new Uint32Array(buckets);
  #count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#max;
  }

  add(milliseconds: number): void {
    const at = bucketOf(milliseconds);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#count += 1;
    this.#min = Math.min(this.#min, milliseconds);
    this.#max = Math.max(this.#max, milliseconds);
  }

  merge(other: Histogram): void {
    for (const [at, count] of other.#counts.entries()) {
      if (count > 0) this.#counts[at] = (this.#counts[at] ?? 0) + count;
    }
    this.#count += other.#count;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** By nearest rank: the smallest duration that this share of all did not exceed. NaN where there are none. */
  percentile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [at, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return Math.min(this.#max, Math.max(this.#min, middleOf(at)));
    }
    return this.#max;
  }
}

function bucketOf(milliseconds: number): number {
  if (milliseconds <= smallestMs) return 0;
  return Math.min(buckets - 1, Math.ceil(Math.log(milliseconds / smallestMs) / growth));
}

function middleOf(bucket: number): number {
  return smallestMs * Math.exp(growth * (bucket - 0.5));
}
