import type { Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import type { Flags } from '#pipeline/runtime/flags.ts';
import { cacheFlag, connectFlag, purchaseFlag } from './flags.ts';
import type { ModerationMetrics, ReasonCode } from './moderation-metrics.ts';
import type { Sample } from './moderation-samples.ts';
import type { SanctionCache } from './sanction-cache.ts';
import { loadTerms, type SanctionKind, type Term } from './sanctions.ts';

export type Action = 'purchase' | 'connect';

export interface Decision {
  allowed: boolean;
  reason_code: ReasonCode | null;
  sanction_id: string | null;
}

const blocking: Readonly<Record<Action, readonly SanctionKind[]>> = {
  purchase: ['ban', 'mute'],
  connect: ['ban', 'suspend'],
};
const flagOf: Readonly<Record<Action, string>> = { purchase: purchaseFlag, connect: connectFlag };
const codeOf: Readonly<Record<SanctionKind, ReasonCode>> = {
  ban: 'BANNED',
  mute: 'MUTED',
  suspend: 'SUSPENDED',
};
const allowed: Decision = { allowed: true, reason_code: null, sanction_id: null };
const nobody = '00000000-0000-0000-0000-000000000000';

export interface Gate {
  decide(action: Action, userId: string): Promise<Decision>;
  assertAllowed(action: Action, userId: string): Promise<void>;
  /** The way of a decision about nobody: it fails when decisions cannot be made. */
  probe(): Promise<void>;
}

export interface GateDeps {
  db: Queryable;
  flags: Flags;
  cache: SanctionCache;
  metrics: ModerationMetrics;
  /** Called with every decision while decisions are observed. */
  sample(sample: Sample): void;
}

/** A sanction that cannot be looked up refuses: the error goes through. */
export function createGate({ db, flags, cache, metrics, sample }: GateDeps): Gate {
  const lookUp = async (userId: string) => {
    const load = () => loadTerms(db, userId);
    return (await flags.enabled(cacheFlag)) ? cache.read(userId, load) : load();
  };
  const decide = async (action: Action, userId: string) => {
    if (!(await flags.enabled(flagOf[action]))) return allowed;
    const begun = performance.now();
    const terms = await lookUp(userId);
    const decision = judge(terms, action, Date.now());
    const seconds = (performance.now() - begun) / 1000;
    metrics.decided(decision.reason_code, seconds);
    const note = terms.find(({ id }) => id === decision.sanction_id)?.reason ?? null;
    if (metrics.isOn) sample({ ...decision, action, seconds, note });
    return decision;
  };
  return {
    decide,
    async assertAllowed(action, userId) {
      const { reason_code: code } = await decide(action, userId);
      if (code) throw new ServiceError(code, `a sanction does not allow this: ${code.toLowerCase()}`);
    },
    async probe() {
      if (await flags.enabled(purchaseFlag)) await loadTerms(db, nobody);
    },
  };
}

/** Of several that apply, the first of the list `blocking`: a ban says more than a mute. */
export function judge(terms: readonly Term[], action: Action, now: number): Decision {
  const active = terms.filter(({ startsAt, endsAt }) => startsAt <= now && now < endsAt);
  const kind = blocking[action].find((wanted) => active.some((term) => term.kind === wanted));
  const term = active.find((candidate) => candidate.kind === kind);
  return term ? { allowed: false, reason_code: codeOf[term.kind], sanction_id: term.id } : allowed;
}
