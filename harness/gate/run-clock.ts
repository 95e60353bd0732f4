import type { Clock } from '../checks/define.ts';

/** Smaller steps back are how a machine keeps its clock right; their times are held, and nobody is told. */
const TOLERATED_MS = 1_000;

/**
 * The one clock of a run, over all its runners: it never goes back, and goes on at its own pace where the machine's
 * clock was set back. `monotonic` is the machine's.
 */
export class RunClock implements Clock {
  readonly #machine: Clock;
  readonly #told: (milliseconds: number) => void;
  #offset = 0;
  #latest: number;
  #at: number;
  #silent = false;

  /** `last` is when the journal of the run ends, and `told` hears of every step back of more than a second. */
  constructor(machine: Clock, last: Date | undefined, told: (milliseconds: number) => void) {
    this.#machine = machine;
    this.#told = told;
    this.#at = machine.monotonic();
    this.#latest = last?.getTime() ?? machine.now().getTime();
  }

  monotonic(): number {
    return this.#machine.monotonic();
  }

  now(): Date {
    const at = this.#machine.monotonic();
    const time = this.#machine.now().getTime() + this.#offset;
    const expected = this.#latest + Math.round(at - this.#at);
    const back = expected - time;
    this.#at = at;
    if (back <= TOLERATED_MS) {
      this.#latest = Math.max(this.#latest, time);
    } else {
      this.#offset += back;
      this.#latest = expected;
      if (!this.#silent) this.#told(back);
    }
    return new Date(this.#latest);
  }

  /** From the freeze on nothing is written to the journal, so nobody is told. */
  silence(): void {
    this.now();
    this.#silent = true;
  }
}
