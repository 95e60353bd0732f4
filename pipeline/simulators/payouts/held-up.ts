const mostMs = 500;
const everyMs = 50;

/**
 * Tells when this process has stood still. What it reads then was sent longer ago than it looks, and a provider that
 * takes it breaks its promise that what it took can be found in time: so a provider here takes nothing then.
 */
export class HeldUp {
  readonly #now: () => number;
  #last: number;
  #until = Number.NEGATIVE_INFINITY;

  constructor(signal: AbortSignal, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#last = now();
    const timer = setInterval(() => this.isRecent(), everyMs).unref();
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** From now on it can be asked: that it was slow to start is nobody's loss. */
  begin(): void {
    this.#last = this.#now();
    this.#until = Number.NEGATIVE_INFINITY;
  }

  /** For as long as what came meanwhile may still be read. */
  isRecent(): boolean {
    const now = this.#now();
    if (now - this.#last > mostMs) this.#until = now + mostMs;
    this.#last = now;
    return now < this.#until;
  }
}
