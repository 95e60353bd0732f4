import type { Environment } from '../config/environments.ts';
import { CountersignError } from '../errors.ts';
import { readState, stackId } from '../stack/state.ts';
import type { History } from './history.ts';

/** Has any check said something about the stack yet? */
export function hasMeasured({ restored }: History): boolean {
  return restored.begun.length > 0;
}

export const stackGoneHint =
  'the local stack ended with its run: next time `countersign stack up` first, and a run can be resumed';

export function otherStack(): CountersignError {
  return new CountersignError(
    'STACK_FAILED',
    'the local stack that this run measured is gone, and what it measured says nothing about another one',
    { hint: stackGoneHint },
  );
}

/** A run goes on only on the stack that it began with. Asked before anything is started. */
export async function refuseOtherStack(
  root: string,
  environment: Environment,
  history: History,
): Promise<void> {
  if (!environment.stack || !history.stack || !hasMeasured(history) || history.finished) return;
  const state = await readState(root, environment.name);
  if (!state || stackId(state) !== history.stack) throw otherStack();
}
