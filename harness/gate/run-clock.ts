import type { Clock } from '../checks/define.ts';
import type { Journal } from './journal.ts';

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

  /** `told` hears of every step back of more than a second. */
  constructor(machine: Clock, told: (milliseconds: number) => void) {
    this.#machine = machine;
    this.#told = told;
    this.#at = machine.monotonic();
    this.#latest = machine.now().getTime();
  }

  /** `last` is when the journal of the run ended: a clock that reads less now was set back while nobody looked. */
  notBefore(last: Date): void {
    this.#latest = Math.max(this.#latest, last.getTime());
    this.#at = this.#machine.monotonic();
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

/** A run's clock, whose steps back stand in the report and, once it is known, in the journal. */
export function openClock(
  machine: Clock,
  before: { last?: Date; setBacks: readonly number[] } = { setBacks: [] },
): { clock: RunClock; setBacks: readonly number[]; journalTo(journal: Journal): void } {
  const setBacks = [...before.setBacks];
  let journal: Journal | undefined;
  const clock = new RunClock(machine, (by_ms) => {
    setBacks.push(by_ms);
    // Where it can't be written, neither can what follows, and that is told.
    journal?.append('clock-set-back', { by_ms }).catch(() => {});
  });
  if (before.last) clock.notBefore(before.last);
  return {
    clock,
    setBacks,
    journalTo(opened) {
      journal = opened;
    },
  };
}
