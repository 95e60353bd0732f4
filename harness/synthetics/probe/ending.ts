/**
 * The end of one attempt, on which every socket and program of it hangs. An AbortController for each would cost more
 * than the rest of ending, so a signal is made only for whoever needs one.
 */
export class Ending {
  readonly #stops = new Set<() => void>();
  #isOver = false;
  #reason: unknown;
  #controller: AbortController | undefined;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What `end` was given. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Aborted with the reason when it ends. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#isOver) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Calls `stop` when it ends, at once if it has ended; gives what takes that back. */
  onEnd(stop: () => void): () => void {
    if (this.#isOver) stop();
    else this.#stops.add(stop);
    return () => void this.#stops.delete(stop);
  }

  /** Only the first reason counts. */
  end(reason?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reason = reason;
    for (const stop of this.#stops) stop();
    this.#stops.clear();
    this.#controller?.abort(reason);
  }
}

/** A listener for each attempt would be looked for among those of all the others. */
const underWay = new WeakMap<AbortSignal, Set<Ending>>();

/** Ends with a signal that many share; gives what takes that back. */
export function endWithSignal(ending: Ending, signal: AbortSignal): () => void {
  if (signal.aborted) ending.end(signal.reason);
  const known = underWay.get(signal);
  const all = known ?? new Set();
  if (!known) {
    underWay.set(signal, all);
    signal.addEventListener('abort', () => all.forEach((each) => void each.end(signal.reason)), {
      once: true,
    });
  }
  all.add(ending);
  return () => void all.delete(ending);
}
