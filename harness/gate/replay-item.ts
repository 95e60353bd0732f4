import { isDeepStrictEqual } from 'node:util';
import type { Attempt, ItemReport, Undone } from '../report/schema.ts';
import type { Signers } from '../sign/signers.ts';
import { calendarReason, reasonFor } from './item.ts';
import { whyNoCutover } from './moment.ts';
import type { Gate } from './schema.ts';
import { type Judgement, letsPass, stateOfAttempts } from './verdict.ts';
import { judgeWatch, watchPlan } from './watch.ts';

/** What the facts of a run gave when they were judged again, and what reasons are worded with. */
export interface Known {
  judged: ReadonlyMap<Attempt, Judgement>;
  states: ReadonlyMap<string, ItemReport['state']>;
  gate: Gate;
  signers: Signers;
  rehearsal: boolean;
  /** What the clocks of watches were divided by. */
  rehearse: number | undefined;
}

interface Reason {
  reason: string | undefined;
  /** It can't follow from facts: the runner says why there are none, or what ended the measuring. */
  told: boolean;
}

/** The item with every verdict made anew, each where it stands in the report. */
export function replayItem(item: ItemReport, known: Known): { item: ItemReport; told: boolean } {
  const state = known.states.get(item.id) ?? 'error';
  const again = (attempts: readonly Attempt[]) =>
    attempts.map((attempt) => {
      const { state, expectations } = judgementOf(attempt, item, known);
      return { ...attempt, state, expectations };
    });
  const measured: ItemReport = {
    ...item,
    state,
    attempts: again(item.attempts),
    ...(item.watch ? { watch: { ...item.watch, samples: again(item.watch.samples) } } : {}),
    ...(item.undo ? { undo: undoneAgain(item.undo, again(item.undo.attempts), item, known) } : {}),
  };
  const { reason, told } = reasonAgain(item, state, known);
  const { reason: _reason, ...without } = measured;
  return { item: reason === undefined ? without : { ...measured, reason }, told };
}

/** Its last attempt says what the undo came to, and why. */
function undoneAgain(undone: Undone, attempts: Attempt[], item: ItemReport, known: Known): Undone {
  const last = undone.attempts.at(-1);
  if (!last) return undone;
  const { state, reason } = judgementOf(last, item, known);
  const { reason: _reason, ...rest } = undone;
  return reason === undefined ? { ...rest, state, attempts } : { ...undone, state, attempts, reason };
}

/** The last sample of a watch stands in the report twice, and was judged once. */
function judgementOf(attempt: Attempt, { watch }: ItemReport, { judged }: Known): Judgement {
  if (attempt.facts === undefined) {
    const reason = attempt.error?.message;
    return { state: 'error', expectations: [], ...(reason === undefined ? {} : { reason }) };
  }
  const last = watch?.samples.at(-1);
  const twin = last && isDeepStrictEqual(last, attempt) ? judged.get(last) : undefined;
  const judgement = judged.get(attempt) ?? twin;
  return judgement ?? { state: 'error', expectations: [], reason: 'it was not judged' };
}

function reasonAgain(item: ItemReport, state: ItemReport['state'], known: Known): Reason {
  // Held against the signed waiver by whoever judged the state.
  if (state === 'waived') return { reason: item.reason, told: false };
  if (state === 'blocked') return blockedReason(item, known);
  if (item.attest) return { reason: attestedReason(item, state, known), told: false };
  const stale = item.cutover && whyNoCutover(item.cutover);
  if (stale) return { reason: stale, told: false };
  if (item.attempts.length === 0) return { reason: item.reason, told: true };
  if (state !== 'rehearsed') return measuredReason(item, state, known);
  const { flaky } = known.gate.items.find(({ id }) => id === item.id) ?? {};
  const states = item.attempts.map((attempt) => judgementOf(attempt, item, known).state);
  const { reason, told } = measuredReason(item, stateOfAttempts(states, flaky), known);
  return { reason: calendarReason(reason), told };
}

function measuredReason(item: ItemReport, state: ItemReport['state'], known: Known): Reason {
  if (item.watch) return watchedReason(item, known);
  const made = item.attempts.map((attempt) => ({ ...attempt, ...judgementOf(attempt, item, known) }));
  return withRefusals(item, reasonFor(state, made));
}

/** A waiver that does not count leaves a word behind the cause; it itself is not in the evidence. */
function withRefusals({ reason: said }: ItemReport, reason: string | undefined): Reason {
  const told = reason !== undefined && (said?.startsWith(`${reason}; the waiver `) ?? false);
  return { reason: told ? said : reason, told };
}

function blockedReason({ needs, reason }: ItemReport, { states }: Known): Reason {
  const blocker = needs.find((need) => !letsPass.has(states.get(need) ?? 'error'));
  if (blocker === undefined) return { reason, told: true };
  return { reason: `it needs \`${blocker}\`, which is ${states.get(blocker)}`, told: false };
}

function attestedReason(
  { attest }: ItemReport,
  state: ItemReport['state'],
  { signers }: Known,
): string | undefined {
  if (state === 'rehearsed') return `in a release, ${attest?.role} attests this`;
  if (state === 'pending') return `${attest?.role} has to attest this`;
  if (state !== 'failed') return undefined;
  const name = signers.people.find(({ id }) => id === attest?.person)?.name;
  return `${name} rejected it: ${attest?.comment ?? 'no reason given'}`;
}

function watchedReason(item: ItemReport, known: Known): Reason {
  const declared = known.gate.items.find(({ id }) => id === item.id)?.watch;
  if (!declared) return { reason: undefined, told: false };
  const samples = (item.watch?.samples ?? []).map((sample) => ({
    ...sample,
    ...judgementOf(sample, item, known),
  }));
  const { reason, going } = judgeWatch(watchPlan(declared, known.rehearse), samples);
  if (reason === undefined) return { reason, told: false };
  // Broken off: what ended it stands before what was seen until then.
  if (going && item.reason?.endsWith(reason)) return { reason: item.reason, told: true };
  const cause = samples.findLast(({ state }) => state !== 'passed')?.reason;
  return withRefusals(item, `${reason}${cause ? `: ${cause}` : ''}`);
}
