import {
  beginAttempt,
  confirm,
  fail,
  markSent,
  maxAttempts,
  type Provider,
  reschedule,
} from '#pipeline/payouts/payouts.ts';
import { type PayoutProvider, ProviderError, type Standing } from '#pipeline/payouts/providers/provider.ts';
import type { Queryable } from '#pipeline/runtime/db.ts';
import type { ClaimedPayout } from './claim.ts';
import { attemptLeaseOf, backoffOf, referenceOf, type WorkerSettings } from './settings.ts';

export interface Processing {
  db: Queryable;
  /** Those that are configured. */
  providers: ReadonlyMap<Provider, PayoutProvider>;
  settings: WorkerSettings;
  isEnabled(provider: Provider): boolean;
  backoffFactor(provider: Provider): number;
  /** Once a submission. */
  attempted(provider: Provider, result: 'SENT' | 'CONFIRMED' | 'FAILED'): void;
  /** From 0 to 1. */
  random(): number;
}

/** Reasons that say nothing about the payment itself: another try may go well. */
const temporary = new Set(['INTERNAL_PROCESSING_ERROR', 'SERVICE_UNAVAILABLE', 'EXPIRED']);

/**
 * One step of a claimed payout: it is sent, or its provider is asked how it stands. Nothing is sent before the provider
 * has said that it has taken nothing under this reference, and nothing is given back before that, either.
 */
export async function processPayout(deps: Processing, payout: ClaimedPayout): Promise<void> {
  const provider = deps.providers.get(payout.provider);
  if (payout.begun && provider) return send(deps, provider, payout, signalSince(deps, payout.claimedAt));
  const isNew = payout.status === 'PENDING' && payout.attempt_count === 0 && payout.provider_ref === null;
  if (isNew && (!provider || !deps.isEnabled(payout.provider)))
    return giveBack(deps, payout, 'PROVIDER_DISABLED');
  // Its money may be paid: who cannot ask can only wait.
  if (!provider) return later(deps, payout, 'PROVIDER_NOT_CONFIGURED');
  try {
    if (payout.provider_ref !== null) await poll(deps, provider, payout, payout.provider_ref);
    else if (isNew || (await isSurelyUnpaid(deps, provider, payout)))
      await sendOrGiveUp(deps, provider, payout);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    await later(deps, payout, error.code);
  }
}

/** What cannot be processed for a reason of ours waits, and holds up nobody. */
export async function setAside(deps: Processing, payout: ClaimedPayout): Promise<void> {
  await later(deps, payout, 'INTERNAL_ERROR');
}

async function poll(deps: Processing, provider: PayoutProvider, payout: ClaimedPayout, ref: string) {
  const standing = await provider.statusOf(ref, AbortSignal.timeout(deps.settings.timeoutMs));
  // It said once that it had it. What that means is for people to find out, not for a second payment.
  if (!standing) await later(deps, payout, 'REFERENCE_UNKNOWN');
  else await record(deps, payout, standing);
}

/** Asks for every reference that may have been used; what it finds is recorded, and then there is nothing to send. */
async function isSurelyUnpaid(
  deps: Processing,
  provider: PayoutProvider,
  payout: ClaimedPayout,
): Promise<boolean> {
  const signal = AbortSignal.timeout(deps.settings.timeoutMs);
  for (let round = 0; round <= payout.round; round += 1) {
    const standing = await provider.find(referenceOf(payout, round), signal);
    const isCurrent = round === payout.round;
    if (!standing || (standing.state === 'FAILED' && !isCurrent)) continue;
    if (isCurrent || standing.state === 'CONFIRMED') await record(deps, { ...payout, round }, standing);
    else await later(deps, payout, 'EARLIER_ROUND_OPEN');
    return false;
  }
  const unsettledMs = attemptLeaseOf(deps.settings) - (payout.attempt_age_ms ?? Number.POSITIVE_INFINITY);
  if (unsettledMs > 0) {
    const delaySeconds = unsettledMs / 1000;
    await reschedule(deps.db, payout.transaction_id, {
      delaySeconds,
      error: payout.last_error,
      claim: payout.claim,
    });
    return false;
  }
  return true;
}

async function sendOrGiveUp(
  deps: Processing,
  provider: PayoutProvider,
  payout: ClaimedPayout,
): Promise<void> {
  if (payout.attempt_count >= maxAttempts) return giveBack(deps, payout, 'MAX_ATTEMPTS_EXCEEDED');
  if (!deps.isEnabled(payout.provider)) return giveBack(deps, payout, 'PROVIDER_DISABLED');
  const from = performance.now();
  const begun = await beginAttempt(deps.db, payout.transaction_id, {
    attemptCount: payout.attempt_count,
    leaseSeconds: attemptLeaseOf(deps.settings) / 1000,
    claim: payout.claim,
  });
  if (begun) await send(deps, provider, { ...payout, ...begun }, signalSince(deps, from));
}

/** From before the attempt was written down: whoever was held up there has no time left to send anything. */
function signalSince({ settings }: Processing, from: number): AbortSignal {
  const left = settings.timeoutMs - (performance.now() - from);
  return left > 0 ? AbortSignal.timeout(Math.ceil(left)) : AbortSignal.abort();
}

/** After its attempt is written down. */
async function send(
  deps: Processing,
  provider: PayoutProvider,
  payout: ClaimedPayout,
  signal: AbortSignal,
): Promise<void> {
  try {
    const submission = await provider.submit(
      {
        reference: referenceOf(payout, payout.round),
        phone: payout.phone_e164,
        amountCents: BigInt(payout.amount_cents),
        currency: payout.currency,
      },
      signal,
    );
    if ('refused' in submission) {
      deps.attempted(payout.provider, 'FAILED');
      await refuse(deps, payout, submission.refused);
    } else {
      deps.attempted(payout.provider, submission.taken.state);
      await record(deps, payout, submission.taken);
    }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    deps.attempted(payout.provider, 'FAILED');
    await outcomeUnknown(deps, payout, error.code);
  }
}

/** It may have arrived: SENT without a reference, to be asked for when it can be found. */
async function outcomeUnknown(deps: Processing, payout: ClaimedPayout, error: string) {
  const { settings } = deps;
  const wait = backoffOf(settings, payout.attempt_count, deps.backoffFactor(payout.provider), deps.random());
  await markSent(deps.db, payout.transaction_id, {
    providerRef: null,
    delaySeconds: Math.max(wait, settings.settleMs) / 1000,
    error,
    claim: payout.claim,
  });
}

async function record(deps: Processing, payout: ClaimedPayout, standing: Standing): Promise<void> {
  const { providerRef, state, status, reason } = standing;
  const { transaction_id: id, claim, round } = payout;
  const response = { status, reason };
  if (state === 'CONFIRMED') await confirm(deps.db, id, { providerRef, response, claim, round });
  else if (state === 'FAILED') {
    const error = reason ?? status;
    await fail(deps.db, id, { error, retryable: temporary.has(error), providerRef, response, claim });
  } else {
    const delaySeconds = pollSecondsOf(deps, payout);
    await markSent(deps.db, id, { providerRef, delaySeconds, response, claim });
  }
}

async function refuse({ db }: Processing, { transaction_id: id, claim }: ClaimedPayout, error: string) {
  await fail(db, id, { error, retryable: temporary.has(error), claim });
}

/** Only where it is certain that nobody was paid. */
async function giveBack({ db }: Processing, { transaction_id: id, claim }: ClaimedPayout, error: string) {
  await fail(db, id, { error, retryable: true, claim });
}

async function later(deps: Processing, payout: ClaimedPayout, error: string): Promise<void> {
  const delaySeconds = pollSecondsOf(deps, payout);
  await reschedule(deps.db, payout.transaction_id, { delaySeconds, error, claim: payout.claim });
}

const pollSecondsOf = ({ settings, backoffFactor }: Processing, { provider }: ClaimedPayout) =>
  (settings.pollMs * backoffFactor(provider)) / 1000;
