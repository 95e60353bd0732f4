import type { ItemReport } from '../report/schema.ts';
import type { RunState } from './run.ts';

/** The item because of which the run has to halt: something failed, and something that can be undone has begun. */
export function whyHalt({ input, reports, begun }: RunState): string | undefined {
  if (input.leaveDone) return undefined;
  const acted = input.gate.items.some(({ id, undo }) => undo && begun.includes(id));
  return acted ? firstFailed([...reports.values()])?.id : undefined;
}

/** Failed, or not to be told. What waits for a person has not failed. */
export function firstFailed(reports: readonly ItemReport[]): ItemReport | undefined {
  return reports.find(({ state, attest }) => !attest && (state === 'failed' || state === 'error'));
}
