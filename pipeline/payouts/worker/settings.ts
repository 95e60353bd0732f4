export interface WorkerSettings {
  /** Between two looks for due payouts. */
  intervalMs: number;
  /** Payouts of one provider that are under way at once. */
  batch: number;
  /** The first wait after a submission that came to nothing; each further one is twice as long. */
  backoffMs: number;
  /** Between two questions how a payout that was sent stands. */
  pollMs: number;
  /** For all the requests of one submission, or of one question. */
  timeoutMs: number;
  /** What a provider took is found by our reference so long after it was sent, at the latest. */
  settleMs: number;
}

/** Rows stay claimed while the provider is asked and the submission begins; from there on they have a new lease. */
export const leaseOf = ({ timeoutMs }: WorkerSettings) => 3 * timeoutMs;

/** Of a submission: as long as it can take, and until its outcome can be asked for. */
export const attemptLeaseOf = ({ timeoutMs, settleMs }: WorkerSettings) => timeoutMs + settleMs;

const jitter = 0.2;

/** After the nth submission: 30 s, 1 min, 2 min…, times the factor, and up to a fifth longer. */
export function backoffOf({ backoffMs }: WorkerSettings, attempts: number, factor: number, random: number) {
  return backoffMs * 2 ** Math.max(0, attempts - 1) * factor * (1 + jitter * random);
}

/** What a payout is called at its provider; a round that failed is over, and its name with it. */
export function referenceOf({ external_ref: reference }: { external_ref: string }, round: number): string {
  return round === 0 ? reference : `${reference}-r${round}`;
}
