import { formatDuration, parseDuration, timerMs } from '../config/duration.ts';
import type { Project } from '../config/project.ts';
import type { ResolvedEnvironment } from '../config/resolve.ts';
import { CountersignError } from '../errors.ts';
import type { ItemReport, Statement } from '../report/schema.ts';
import type { RunningStack } from '../stack/stack.ts';
import { stackId } from '../stack/state.ts';
import type { EvidenceStore } from './evidence.ts';
import { freeze } from './freeze.ts';
import type { History, RunStarted } from './history.ts';
import type { Inputs } from './inputs.ts';
import { interruptOf, isInterrupted } from './interrupt.ts';
import type { Journal } from './journal.ts';
import type { LoadedGate } from './load.ts';
import { kindsOf } from './load-item.ts';
import { factSchemaName } from './recompute.ts';
import type { Redactor } from './redact.ts';
import { changeSince } from './release.ts';
import { type RunListener, runItems } from './run.ts';
import type { RunClock } from './run-clock.ts';
import { contextMaker } from './scope.ts';
import { hasMeasured, otherStack, stackGoneHint } from './stack-in-use.ts';
import { withUndone } from './undo.ts';
import { waiverHook } from './waivers-in-use.ts';
import { contextOn, withStack } from './with-stack.ts';

/** One runner at work on a run, new or gone on with. */
export interface Conducted extends Inputs {
  project: Project;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  listener: RunListener;
  say(line: string): void;
  id: string;
  folder: string;
  journal: Journal;
  clock: RunClock;
  evidence: EvidenceStore;
  redactor: Redactor;
  begun: { at: string } & RunStarted;
  /** What earlier runners left, this one's resumption included. */
  history: History;
  /** Steps back of the machine's clock over the whole run, in milliseconds; grows. */
  setBacks: readonly number[];
  /** When this runner began, by the monotonic clock. */
  from: number;
}

const DEFAULT_DEADLINE = '1h';

/** Does what is left to do, and writes the report. Interrupted it throws, and can be gone on with. */
export async function conduct(run: Conducted): Promise<Statement> {
  const { history, journal, clock, gate } = run;
  if (history.finished) {
    const ended = gate.items.flatMap(({ id }) => history.restored.finished.get(id) ?? []);
    const reports = withUndone(ended, history.restored.undone);
    return freeze(run, { ...history.finished, reports, usedMs: history.usedMs });
  }
  const reports = await untilInterrupted(run);
  const change = await releaseChange(run);
  // Nothing may come after the last line.
  clock.silence();
  const items = Object.fromEntries(reports.map(({ id, state }) => [id, state]));
  const finished = { items, ...(change ? { change } : {}) };
  const { at } = await journal.append('run-finished', finished);
  return freeze(run, { ...finished, at, reports, usedMs: usedMs(run) });
}

function usedMs({ history, clock, from }: Conducted): number {
  return history.usedMs + Math.round(clock.monotonic() - from);
}

async function untilInterrupted(run: Conducted): Promise<ItemReport[]> {
  const { signal, journal, begun, redactor, history } = run;
  const ground = { ...run, rehearse: begun.rehearse };
  let ownStack = false;
  try {
    if (history.aborted?.undo === false) return await endItems(run);
    return await withStack(ground, redactor, async (resolved, stack) => {
      ownStack = stack?.reused === false;
      if (stack) await noteStack(run, stack);
      return measureAll(run, resolved);
    });
  } catch (thrown) {
    if (!isInterrupted(signal)) throw thrown;
    // Tells how long this runner was at work; where it can't be written, the lines before it do.
    await journal.append('run-interrupted', {}).catch(() => {});
    const hint = ownStack ? stackGoneHint : `go on with \`countersign gate resume ${begun.id}\``;
    throw new CountersignError('INTERRUPTED', `the run ${begun.id} was interrupted`, { hint, cause: thrown });
  }
}

/** What was measured from the first item to the last has to be one release. */
async function releaseChange({
  begun,
  project,
  gate,
  environment,
  journal,
  history,
}: Conducted): Promise<string | undefined> {
  const change = await changeSince(begun.release, { root: project.root, gate: gate.gate });
  // What was aborted releases nothing, and its end must not wait for a checkout.
  if (!change || environment.rehearsal || history.aborted) return change;
  await journal.append('release-changed', { change });
  throw new CountersignError('CONFIG_INVALID', change, {
    hint: 'leave the checkout alone, and run it again',
  });
}

async function noteStack({ history, journal }: Conducted, { state }: RunningStack): Promise<void> {
  const id = stackId(state);
  if (history.stack === id) return;
  if (history.stack && hasMeasured(history)) throw otherStack();
  await journal.append('stack-used', { id });
}

async function measureAll(run: Conducted, resolved: ResolvedEnvironment): Promise<ItemReport[]> {
  const { gate, evidence, redactor, begun, history } = run;
  const halt = new AbortController();
  const deadline = startDeadline(run, halt);
  const signal = AbortSignal.any([run.signal, halt.signal]);
  const interrupted = interruptOf(run.signal);
  // What was done is taken back after the deadline, too, and has to reach its sources then.
  const ground = { ...run, rehearse: begun.rehearse, signal: interrupted };
  const shared = contextOn(ground, resolved, redactor);
  const context = { ...shared, gate: gate.gate.gate, runId: run.id };
  // Nobody waives what was never measured to its end.
  const waive = history.aborted
    ? undefined
    : waiverHook({ ...run, root: run.project.root, release: begun.release });
  try {
    await keepFactSchemas(gate, evidence);
    return await runItems({
      ...alike(run),
      ...(waive ? { waive } : {}),
      signal,
      interrupted,
      stop: (reason) => halt.abort(reason),
      rehearse: begun.rehearse,
      scope: contextMaker(context, evidence, resolved.view.simulators),
    });
  } finally {
    clearTimeout(deadline);
    await shared.sources.close();
    await evidence.seal();
  }
}

/** What the items of a run are given, measured or not. */
function alike({ gate, environment, journal, redactor, clock, listener, history }: Conducted) {
  const { rehearsal, writes = false } = environment;
  return { gate, rehearsal, writes, journal, redactor, clock, listener, restored: history.restored };
}

/** Of a run that was aborted: every item that did not end was given up, so nothing is measured and nothing started. */
async function endItems(run: Conducted): Promise<ItemReport[]> {
  const { gate, signal, evidence } = run;
  await keepFactSchemas(gate, evidence);
  return runItems({
    ...alike(run),
    signal,
    interrupted: interruptOf(signal),
    stop: () => {},
    leaveDone: true,
    scope() {
      throw new CountersignError('INTERNAL', 'an aborted run measures nothing');
    },
  });
}

/** Only time during which a runner was at work counts. */
function startDeadline({ gate, history }: Conducted, halt: AbortController): NodeJS.Timeout | undefined {
  const deadlineMs = parseDuration(gate.gate.timeout ?? DEFAULT_DEADLINE);
  const left = deadlineMs - history.usedMs;
  const passed = new CountersignError(
    'TIMED_OUT',
    `the gate's deadline of ${formatDuration(deadlineMs)} passed`,
    { hint: 'raise `timeout` of the gate if its work is really that long' },
  );
  if (left > 0) return setTimeout(() => halt.abort(passed), timerMs(left));
  halt.abort(passed);
  return undefined;
}

/** Whoever judges the facts again needs their types, and must not have to trust another version of a kind. */
async function keepFactSchemas(gate: LoadedGate, evidence: EvidenceStore): Promise<void> {
  for (const { kind, facts } of kindsOf(gate.items)) {
    await evidence.put(factSchemaName(kind), JSON.stringify(facts, null, 2), 'application/schema+json');
  }
}
