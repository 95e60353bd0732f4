import type { Attempt, Decision, Expectation, ItemReport, ItemState } from '../report/schema.ts';
import { evaluateExpectation, type NeededFacts } from './evaluate.ts';
import { type FactSchema, findUnusableNumber } from './facts.ts';

/** States that let a gate pass, and let the items that need this one begin. */
export const letsPass: ReadonlySet<ItemState> = new Set(['passed', 'flaky', 'waived', 'rehearsed']);

export interface Judgement {
  state: Attempt['state'];
  expectations: Expectation[];
  reason?: string;
}

/** Judges one measurement. Pure: the same facts and expectations give the same bytes, whenever and wherever. */
export function judgeFacts(
  expect: readonly string[],
  schema: FactSchema,
  facts: Readonly<Record<string, unknown>>,
  needs: Readonly<Record<string, NeededFacts>>,
): Judgement {
  const unusable = findUnusableNumber(facts);
  if (unusable !== undefined)
    return { state: 'error', expectations: [], reason: `the fact \`${unusable}\` is not a finite number` };
  if (expect.length === 0)
    return { state: 'error', expectations: [], reason: 'nothing was expected, so nothing was shown' };
  const expectations = expect.map((text) => evaluateExpectation(text, { schema, facts, needs }));
  const failed = expectations.find(({ outcome }) => outcome === 'false');
  const unsure = expectations.find(({ outcome }) => outcome === 'error');
  // A clear "no" outweighs what could not be told: the gate must not go on either way, and the cause is known.
  if (failed) return { state: 'failed', expectations, reason: explain(failed) };
  if (unsure)
    return {
      state: 'error',
      expectations,
      reason: `\`${unsure.text}\`: ${unsure.message ?? 'can not be told'}`,
    };
  return { state: 'passed', expectations };
}

function explain({ text, operands }: Expectation): string {
  const values = operands.map((operand) => `${operand.text} = ${operand.value}`).join(', ');
  return values ? `expected \`${text}\`, but ${values}` : `expected \`${text}\``;
}

/** In a rehearsal only the calendar's day is unknown: what could not be measured stays an error. */
export function isRehearsed(answers: string | undefined, rehearsal: boolean, state: ItemState): boolean {
  return rehearsal && answers === 'calendar' && state !== 'error';
}

/** The state of an item from its attempts, the last one deciding. */
export function stateOfAttempts(
  attempts: readonly Attempt['state'][],
  flaky: 'pass' | 'fail' = 'pass',
): ItemState {
  const last = attempts.at(-1);
  if (last === undefined) return 'error';
  if (last !== 'passed') return last;
  if (attempts.length === 1) return 'passed';
  return flaky === 'pass' ? 'flaky' : 'failed';
}

export interface DecisionInput {
  items: readonly Pick<ItemReport, 'id' | 'state' | 'reason' | 'undo'>[];
  rehearsal: boolean;
  relaxations: readonly string[];
}

/** One decision for the whole gate, and every item that keeps it from a plain GO. */
export function decide({ items, rehearsal, relaxations }: DecisionInput): {
  decision: Decision;
  reasons: { item: string; state: string; text: string }[];
} {
  const notUndone = items.flatMap(({ id, undo }) => (undo && undo.state !== 'passed' ? [{ id, undo }] : []));
  const reasons = [
    // Before all else: what was done still stands, and somebody has to take it back.
    ...notUndone.map(({ id, undo }) => ({
      item: id,
      state: undo.state,
      text: `NOT UNDONE: ${undo.reason ?? undo.state}`,
    })),
    ...items
      .filter(({ state }) => state !== 'passed')
      .map(({ id, state, reason }) => ({ item: id, state, text: reason ?? state })),
  ];
  const has = (...states: ItemState[]) => items.some(({ state }) => states.includes(state));
  const decision = (): Decision => {
    if (items.length === 0) return 'INCONCLUSIVE';
    if (has('failed') || notUndone.some(({ undo }) => undo.state === 'failed')) return 'NO_GO';
    // Undoing makes nothing better: what the gate was about is not there any more.
    if (items.some(({ undo }) => undo)) return 'INCONCLUSIVE';
    if (!items.every(({ state }) => letsPass.has(state))) return 'INCONCLUSIVE';
    if (rehearsal) return 'REHEARSAL_GO';
    // Outside a rehearsal nothing may be rehearsed: what is not known is not known.
    if (has('rehearsed')) return 'INCONCLUSIVE';
    return has('waived') || relaxations.length > 0 ? 'GO_WITH_WAIVERS' : 'GO';
  };
  return { decision: decision(), reasons };
}

const exits: Record<Decision, 0 | 1 | 3> = {
  GO: 0,
  GO_WITH_WAIVERS: 0,
  REHEARSAL_GO: 0,
  NO_GO: 1,
  INCONCLUSIVE: 3,
};

/** The one table from decision to exit code. */
export function exitOf(decision: Decision): 0 | 1 | 3 {
  return exits[decision];
}
