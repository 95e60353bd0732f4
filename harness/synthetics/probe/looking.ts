import type { Timings } from '../observation.ts';
import type { ProbeContext } from './context.ts';
import type { Ending } from './ending.ts';

/** What was probed is not as it must be, or can't be reached. The message goes on where the subject ends. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** Does the message tell the time itself? */
  readonly timed: boolean;

  constructor(message: string, { timed = false, cause }: { timed?: boolean; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.timed = timed;
  }
}

/** What one attempt has seen so far: what is left of it when it ends half-way. */
export interface Sight {
  /** What was asked of whom: `GET https://…`. */
  subject: string;
  /** What it waits for; for the message when time is up. */
  stage: string | (() => string);
  /** Name whose address is still being looked up. */
  findingHost?: string | undefined;
  timings: Omit<Timings, 'total'>;
  facts: Record<string, unknown>;
  /** All that came as text, unredacted, for judging; facts hold its beginning only. */
  text?: string;
  saw?: string;
  /** Why it is flaky, although this attempt passed: it was tried again within. */
  flaky?: string;
  /** Facts that are judged but not kept. */
  bulk?: readonly string[];
}

/** One attempt under way. */
export interface Looking {
  readonly context: ProbeContext;
  /** Comes when the time of this attempt is up, with the signal of the context, and when all was seen. */
  readonly ending: Ending;
  readonly timeoutMs: number;
  readonly sight: Sight;
  /** By `capture.NAME`; never shown. */
  readonly captured: Map<string, string>;
  /** Milliseconds since the attempt began. */
  elapsed(): number;
  /** Adds the time since the part before to this part: redirects and steps add up, as parts of one total. */
  lap(part: keyof Sight['timings']): void;
  /** Starts the next part here: what was done since the one before is part of none. */
  skip(): void;
  /** Fills every template in a value, captures included. */
  fill<T>(value: T): Promise<T>;
}
