import type { CheckContext, Clock } from '../checks/define.ts';
import { CountersignError } from '../errors.ts';
import type { ArtifactRecord, Attempt, ItemReport, Undone } from '../report/schema.ts';
import { whyHalt } from './halt.ts';
import { runItem } from './item.ts';
import type { Journal } from './journal.ts';
import { type Limiter, limiter } from './limiter.ts';
import type { LoadedGate, LoadedItem } from './load.ts';
import type { Redactor } from './redact.ts';
import { NOTHING_RESTORED, type Restored } from './restored.ts';
import { unwind, withUndone } from './undo.ts';

/** What the live display shows. */
export interface RunListener {
  /** It ended in an earlier runner of this run, and is not run again. */
  kept?(item: LoadedItem, report: ItemReport): void;
  started(item: LoadedItem): void;
  progress(item: LoadedItem, message: string): void;
  attempted(item: LoadedItem, attempt: Attempt & { reason?: string }): void;
  finished(item: LoadedItem, report: ItemReport): void;
  /** The run goes no further, since this item did not pass, and what was done is taken back. */
  halted?(because: string): void;
  undoing?(item: LoadedItem): void;
  undone?(item: LoadedItem, undone: Undone): void;
}

/** A CheckContext for one attempt, with the evidence it keeps and the simulators it touches. */
export interface AttemptScope {
  context: CheckContext;
  artifacts: readonly ArtifactRecord[];
  simulated: ReadonlySet<string>;
  /** Takes the evidence of this attempt out of what is kept. */
  forget(): void;
}

/** What one attempt is about. */
export interface ScopeRequest {
  item: LoadedItem;
  attempt: number;
  /** Folder of its evidence, under the item's own. */
  under: string;
  needs: CheckContext['needs'];
  /** Ends this attempt. */
  signal: AbortSignal;
  progress(message: string): void;
}

export interface RunInput {
  gate: LoadedGate;
  rehearsal: boolean;
  writes: boolean;
  journal: Journal;
  redactor: Redactor;
  clock: Clock;
  /** Aborted when a person stops the run, and at the gate's deadline. */
  signal: AbortSignal;
  /** Aborted only when a person stops the run: it ends in the midst of things and can be gone on with. */
  interrupted?: AbortSignal;
  /** Ends what still runs, because the run itself can not go on. */
  stop(reason: unknown): void;
  listener: RunListener;
  scope(request: ScopeRequest): AttemptScope;
  /** Divides the times of watches, as those of the local stack. Default 1. */
  rehearse?: number | undefined;
  /** What earlier runners of this run did; nothing for a new one. */
  restored?: Restored;
  /** A person ends the run and wants nothing taken back. */
  leaveDone?: boolean;
  /** Last word on a report before it is written down: what did not pass may be waived. */
  waive?(report: ItemReport): Promise<ItemReport>;
}

/** What the items of one run share while it goes on. */
export interface RunState {
  readonly input: RunInput;
  readonly restored: Restored;
  readonly limit: Limiter;
  /** Of the items that ended. */
  readonly reports: Map<string, ItemReport>;
  /** Stops what runs. */
  readonly signal: AbortSignal;
  /** Ids in the order in which their items began. */
  readonly begun: string[];
  /** Why nothing begins any more. */
  halted?: { because: string };
}

const DEFAULT_CONCURRENCY = 8;
const HALT_HINT = 'what was done is taken back; see what failed first';

/**
 * Runs every item as soon as what it needs is done. Where one fails after another has acted that can be undone, the run
 * halts and is unwound. Resolves with one report an item, in the gate's order.
 */
export async function runItems(input: RunInput): Promise<ItemReport[]> {
  const { gate, restored = NOTHING_RESTORED } = input;
  const limit = limiter(gate.gate.concurrency ?? DEFAULT_CONCURRENCY);
  const halt = new AbortController();
  const signal = AbortSignal.any([input.signal, halt.signal]);
  const reports = new Map(restored.finished);
  const run: RunState = { input, restored, limit, signal, reports, begun: [...restored.begun] };
  if (restored.halted) haltNow(run, restored.halted.because, halt);
  // An earlier runner may have ended between a failure and its halt: nothing may begin in between.
  else await haltIfFailed(run, halt);
  const running = new Map<string, Promise<void>>();
  for (const id of gate.levels.flat()) {
    const item = gate.items.find((candidate) => candidate.id === id);
    if (!item) continue;
    const needed = (item.needs ?? []).map((need) => running.get(need));
    const end = Promise.all(needed).then(() => finish(run, item, halt));
    end.catch(input.stop);
    running.set(id, end);
  }
  // Nothing may still be at work when the journal and the sources are closed.
  await Promise.allSettled(running.values());
  await Promise.all(running.values());
  const ended = gate.items.flatMap(({ id }) => reports.get(id) ?? []);
  const unwinds = run.halted && !input.leaveDone;
  return withUndone(ended, unwinds ? await unwind(input, run.begun, reports) : restored.undone);
}

async function finish(run: RunState, item: LoadedItem, halt: AbortController): Promise<void> {
  const { input, restored, reports } = run;
  const known = restored.finished.get(item.id);
  const report = known ?? (await measuredToEnd(run, item));
  reports.set(item.id, report);
  if (known) input.listener.kept?.(item, report);
  else input.listener.finished(item, report);
  await haltIfFailed(run, halt);
}

async function haltIfFailed(run: RunState, halt: AbortController): Promise<void> {
  const cause = run.halted ? undefined : whyHalt(run);
  if (cause === undefined) return;
  haltNow(run, cause, halt);
  await run.input.journal.append('run-halted', { because: cause });
}

function haltNow(run: RunState, because: string, halt: AbortController): void {
  run.halted = { because };
  halt.abort(
    new CountersignError('INTERRUPTED', `stopped: \`${because}\` did not pass`, { hint: HALT_HINT }),
  );
  run.input.listener.halted?.(because);
}

async function measuredToEnd(run: RunState, item: LoadedItem): Promise<ItemReport> {
  const { journal, interrupted, waive } = run.input;
  const measured = await runItem(run, item);
  // What a person broke off has no end yet: whoever goes on with the run measures it again.
  interrupted?.throwIfAborted();
  const report = waive ? await waive(measured) : measured;
  const { id, state, reason = null } = report;
  await journal.append('item-finished', { id, state, reason, report: withoutSamples(report) });
  return report;
}

/** Each sample has its own line already. */
function withoutSamples(report: ItemReport): ItemReport {
  return report.watch ? { ...report, attempts: [], watch: { ...report.watch, samples: [] } } : report;
}
