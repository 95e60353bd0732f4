import type { Logger } from '#pipeline/runtime/logging.ts';
import { showsPerson } from '#pipeline/shared/mask.ts';
import type { Decision } from './gate.ts';

export const dropReasons = ['pii_rejected', 'rate_limited'] as const;
export type DropReason = (typeof dropReasons)[number];

/** A decision with what an administrator wrote when giving the sanction; never whom it is about. */
export interface Sample extends Decision {
  action: string;
  seconds: number;
  note: string | null;
}

export interface SamplerOptions {
  /** Share of the decisions, 0 to 1. */
  rate: number;
  log: Logger;
  dropped(reason: DropReason): void;
  random?: () => number;
  now?: () => number;
}

/** However many are decided, the log of an instance grows by no more than this. */
const maxPerWindow = 10;
const windowMs = 1000;

/** Writes a share of the decisions to the log, as `moderation.decision.sampled`; what it leaves out is counted. */
export function createSampler({ rate, log, dropped, ...clock }: SamplerOptions): (sample: Sample) => void {
  const { random = Math.random, now = () => performance.now() } = clock;
  const event = 'moderation.decision.sampled';
  let begun = Number.NEGATIVE_INFINITY;
  let written = 0;
  return (sample) => {
    if (random() >= rate) return;
    if (sample.note !== null && showsPerson(sample.note)) return dropped('pii_rejected');
    if (now() - begun >= windowMs) {
      begun = now();
      written = 0;
    }
    if (written >= maxPerWindow) return dropped('rate_limited');
    written += 1;
    log.info({ event, payload: sample }, event);
  };
}
