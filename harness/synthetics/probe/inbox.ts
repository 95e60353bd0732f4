import { Failure } from './looking.ts';
import { showBytes } from './words.ts';

export interface Closed {
  code: number;
  reason: string;
}

/** No code that anybody sends: the client gives it without telling which of these it was. */
const abnormal = 1_006;
const lostOrRefused = 'cut off by the other side, or by us for a message that is too large or no text';

const mostMessages = 1_000;
const mostCharacters = 4 * 1_048_576;

type Awaited = { fits(text: string): boolean; found(text: string): void; fail(error: Error): void };

/** What the other side has said and nobody has taken yet, in order; one at a time waits for what fits. */
export class Inbox {
  readonly messages: string[] = [];
  total = 0;
  closed: Closed | undefined;
  #next = 0;
  #characters = 0;
  #awaited: Awaited | undefined;
  #failure: Error | undefined;
  readonly #ends: (() => void)[] = [];

  add(text: string): void {
    this.total += 1;
    this.#characters += text.length;
    if (this.messages.length >= mostMessages || this.#characters > mostCharacters) {
      this.#fail(
        new Failure(
          `sent more than anybody waits for: ${this.total} messages, ${showBytes(this.#characters)}`,
        ),
      );
      return;
    }
    this.messages.push(text);
    this.#offer();
  }

  close(closed: Closed): void {
    this.closed ??= closed;
    const why = closed.reason || (closed.code === abnormal ? lostOrRefused : '');
    this.#fail(new Failure(`had it closed with ${closed.code}${why ? ` (${why})` : ''} instead`));
    for (const end of this.#ends.splice(0)) end();
  }

  /** The next message that fits; those before it are passed over. Rejects when it is closed first. */
  take(fits: (text: string) => boolean): Promise<string> {
    return new Promise((found, fail) => {
      this.#awaited = { fits, found, fail };
      this.#offer();
      if (this.#failure && this.#awaited) this.#fail(this.#failure);
    });
  }

  /** When it is closed; after `milliseconds` in any case. */
  end(milliseconds: number): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#ends.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #offer(): void {
    while (this.#awaited && this.#next < this.messages.length) {
      const text = this.messages[this.#next] ?? '';
      this.#next += 1;
      const { fits, found } = this.#awaited;
      if (!fits(text)) continue;
      this.#awaited = undefined;
      found(text);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const { fail } = this.#awaited ?? {};
    this.#awaited = undefined;
    fail?.(error);
  }
}
