import type { ItemReport, Undone } from '../report/schema.ts';
import { asReported, forLaterRunners, measureOnce, throwIfBrokenOff } from './attempts.ts';
import { limiter } from './limiter.ts';
import type { LoadedItem } from './load.ts';
import { NOTHING_RESTORED } from './restored.ts';
import type { RunInput, RunState } from './run.ts';

/**
 * Takes back what the given items did, the last one first, one after the other. `begun` are ids in the order in which
 * they began; those that can't be undone, and those that an earlier runner undid, are left alone. An undo that fails
 * keeps none of the others from being tried.
 */
export async function unwind(
  input: RunInput,
  begun: readonly string[],
  ended: ReadonlyMap<string, ItemReport> = input.restored?.finished ?? new Map(),
): Promise<Map<string, Undone>> {
  const { gate, restored = NOTHING_RESTORED } = input;
  const undone = new Map(restored.undone);
  for (const id of begun.toReversed()) {
    const item = gate.items.find((candidate) => candidate.id === id);
    if (!item?.undoing || undone.has(id)) continue;
    undone.set(id, await undo(input, item, item.undoing, ended));
  }
  return undone;
}

/** The reports of a run that was unwound. */
export function withUndone(
  reports: readonly ItemReport[],
  undone: ReadonlyMap<string, Undone>,
): ItemReport[] {
  return reports.map((report) => {
    const taken = undone.get(report.id);
    return taken ? { ...report, undo: taken } : report;
  });
}

async function undo(
  input: RunInput,
  item: LoadedItem,
  undoing: LoadedItem,
  ended: ReadonlyMap<string, ItemReport>,
): Promise<Undone> {
  const { journal, listener, interrupted = new AbortController().signal } = input;
  interrupted.throwIfAborted();
  const simulated = new Set<string>();
  await journal.append('undo-started', { id: item.id });
  listener.undoing?.(item);
  // The run's own signal may be why it is undone: here only a person's counts.
  const measurement = { attempt: 1, under: 'undo', signal: interrupted, simulated };
  const { made } = await measureOnce(stateOf(input, ended), undoing, measurement);
  // It is safe to repeat: whoever goes on with the run does it again.
  throwIfBrokenOff(input, made);
  await journal.append('undo-finished', { id: item.id, ...made, ...forLaterRunners(input, simulated) });
  const { state, reason } = made;
  const undone = { state, attempts: [asReported(made)], ...(reason ? { reason } : {}) };
  listener.undone?.(item, undone);
  return undone;
}

function stateOf(input: RunInput, ended: ReadonlyMap<string, ItemReport>): RunState {
  const { restored = NOTHING_RESTORED, signal } = input;
  return { input, restored, signal, limit: limiter(1), reports: new Map(ended), begun: [] };
}
