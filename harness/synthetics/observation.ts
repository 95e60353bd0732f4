import type { ProbeType } from './criteria-schema.ts';

/** Milliseconds, each from the end of the one before; absent where the probe has no such part. */
export interface Timings {
  dns?: number;
  connect?: number;
  tls?: number;
  first_byte?: number;
  total: number;
}

/**
 * How a probe ended. `failed`: what was probed is not as it must be, or can't be reached. `error`: the prober
 * could not look (a tool, a secret, its own network), which says nothing about the target.
 */
export type ProbeState = 'passed' | 'flaky' | 'failed' | 'error';

export interface ProbeAttempt {
  state: Exclude<ProbeState, 'flaky'>;
  /** One sentence for a person at three in the morning; absent when it passed. */
  reason?: string;
  /** RFC 3339. */
  at: string;
  timings: Timings;
}

/** What one probe of one check found at one moment: the only thing that runs, gates and monitors share. */
export interface Observation {
  check: string;
  type: ProbeType;
  at: string;
  location: string;
  state: ProbeState;
  reason?: string;
  /** Typed by the schema of its type in facts.ts; of the last attempt. */
  facts: Readonly<Record<string, unknown>>;
  timings: Timings;
  attempts: readonly ProbeAttempt[];
  /** The end of what it saw, redacted and bounded: a body's beginning, the last message, output of a program. */
  saw?: string;
}
