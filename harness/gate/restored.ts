import type { Attempt, ItemReport, Undone } from '../report/schema.ts';

/** An attempt as the journal keeps it: with the sentence that names what went wrong. */
export type JournaledAttempt = Attempt & { reason?: string };

/** The cutover as the runner saw it: how old each item's evidence was at that moment. */
export interface RestoredCutover {
  item: string;
  at: string;
  fresh: { id: string; age_ms: number; within_ms: number; ok: boolean }[];
}

/** What earlier runners of this run left in its journal. Empty for a new run. */
export interface Restored {
  /** Items that ended. */
  finished: ReadonlyMap<string, ItemReport>;
  /** Attempts that ended, of items that did not. */
  attempts: ReadonlyMap<string, readonly JournaledAttempt[]>;
  /** Simulated third parties that those attempts asked, by item. */
  simulated: ReadonlyMap<string, readonly string[]>;
  /** Ids in order of their first attempt. */
  begun: readonly string[];
  /** Items with an attempt that was started and whose end no line tells. */
  open: ReadonlySet<string>;
  watches: ReadonlyMap<string, { startedAt: string; samples: readonly JournaledAttempt[] }>;
  undone: ReadonlyMap<string, Undone>;
  /** The run was halted and began to unwind. */
  halted?: { because: string };
  cutover?: RestoredCutover;
  /** Items that write, which a person said to run again. */
  repeat: ReadonlySet<string>;
  /** Items that a person gave up: they are errors with this reason, and are not run. */
  givenUp: ReadonlyMap<string, string>;
}

export const NOTHING_RESTORED: Restored = {
  finished: new Map(),
  attempts: new Map(),
  simulated: new Map(),
  begun: [],
  open: new Set(),
  watches: new Map(),
  undone: new Map(),
  repeat: new Set(),
  givenUp: new Map(),
};
