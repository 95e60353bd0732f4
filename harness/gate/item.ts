import { CountersignError, messageOf } from '../errors.ts';
import type { ItemReport } from '../report/schema.ts';
import { asReported, type Judged, measuring, retried } from './attempts.ts';
import { atCutover, restoredCutover } from './cutover.ts';
import { firstFailed } from './halt.ts';
import type { LoadedItem } from './load.ts';
import { whyNoCutover } from './moment.ts';
import type { Redactor } from './redact.ts';
import type { RunState } from './run.ts';
import { untilSettled } from './settle.ts';
import { isRehearsed, letsPass, stateOfAttempts } from './verdict.ts';
import { watched } from './watching.ts';

/** Runs one item whose needs are done. Never throws for what a check does. */
export async function runItem(run: RunState, item: LoadedItem): Promise<ItemReport> {
  const { input, limit } = run;
  const base = baseReport(item, input.redactor);
  if (wasDone(run, item)) return measured(run, item, { ...base, ...restoredCutover(run, item) });
  const without = whyNotBegin(run, item);
  if (without) return { ...base, ...without };
  if (item.attest) return manual(base, item, input.rehearsal);
  if (item.watch) {
    input.listener.started(item);
    return answered(run, await watched(run, item, item.watch, base));
  }
  return limit(async () => {
    const late = whyNotBegin(run, item) ?? whyOver(run);
    if (late) return { ...base, ...late };
    const cutover = item.cutover && (await atCutover(run, item));
    const stale = cutover && whyNoCutover(cutover);
    if (stale) return { ...base, state: 'failed', reason: stale, cutover };
    // Something may have failed meanwhile: between this look and the beginning nothing can.
    const later = whyNotBegin(run, item) ?? whyOver(run);
    if (later) return { ...base, ...later };
    begins(run, item);
    input.listener.started(item);
    return answered(run, await measured(run, item, cutover ? { ...base, cutover } : base));
  });
}

/** An earlier runner did it to its end, and could only not say so any more. */
function wasDone({ restored }: RunState, { id, kind }: LoadedItem): boolean {
  return kind?.effects === 'writes' && restored.attempts.has(id) && !restored.givenUp.has(id);
}

/** What a person has run again begins now: whatever began before is taken back after it. */
function begins({ begun, restored }: RunState, { id }: LoadedItem): void {
  const before = begun.indexOf(id);
  if (before >= 0 && !restored.repeat.has(id)) return;
  if (before >= 0) begun.splice(before, 1);
  begun.push(id);
}

type Outcome = Pick<ItemReport, 'state' | 'reason'>;

function whyNotBegin(run: RunState, item: LoadedItem): Outcome | undefined {
  const { input, reports, restored } = run;
  const blocker = (item.needs ?? [])
    .map((need) => reports.get(need))
    .find((need) => need && !letsPass.has(need.state));
  if (blocker) return { state: 'blocked', reason: `it needs \`${blocker.id}\`, which is ${blocker.state}` };
  const given = restored.givenUp.get(item.id);
  // What a watch saw is told, even if it goes no further.
  if (given !== undefined) return item.watch ? undefined : { state: 'error', reason: given };
  const halted = whyHalted(run, item);
  if (halted) return halted;
  if (item.kind?.effects !== 'writes') return undefined;
  if (!input.writes)
    return { state: 'error', reason: 'it writes, and this environment does not allow writes' };
  if (!restored.open.has(item.id) || restored.repeat.has(item.id)) return undefined;
  throw new CountersignError('INTERNAL', `\`${item.id}\` may have run, and nobody said to run it again`);
}

/** A halted run begins nothing more, and nothing goes live after a failure; what an earlier runner began of it has come to nothing. */
function whyHalted({ halted, reports, restored }: RunState, item: LoadedItem): Outcome | undefined {
  const acts = item.undo || item.cutover;
  const cause = halted?.because ?? (acts ? firstFailed([...reports.values()])?.id : undefined);
  if (cause === undefined) return undefined;
  if (!restored.begun.includes(item.id))
    return { state: 'blocked', reason: `it did not begin: \`${cause}\` did not pass` };
  if (item.watch && halted) return undefined;
  return { state: 'error', reason: `stopped: \`${cause}\` did not pass` };
}

function whyOver({ signal }: RunState): Outcome | undefined {
  return signal.aborted
    ? { state: 'error', reason: `it did not begin: ${messageOf(signal.reason)}` }
    : undefined;
}

async function measured(run: RunState, item: LoadedItem, base: ItemReport): Promise<ItemReport> {
  const simulated = new Set(run.restored.simulated.get(item.id) ?? []);
  const measure = measuring(run, item, simulated);
  const { made, settled } = item.settle
    ? await untilSettled(run, item, measure)
    : { made: await retried(run, item, measure) };
  const states = made.map((attempt) => attempt.state);
  const state = stateOfAttempts(states, item.flaky);
  const reason = reasonFor(state, made);
  return {
    ...base,
    state,
    ...(reason ? { reason } : {}),
    attempts: made.map(asReported),
    ...(settled ? { settled } : {}),
    simulated: [...simulated].sort(),
  };
}

/** What only the calendar can answer is measured in a rehearsal, too, but decides nothing there. */
function answered({ input }: RunState, report: ItemReport): ItemReport {
  if (!isRehearsed(report.answers, input.rehearsal, report.state)) return report;
  return { ...report, state: 'rehearsed', reason: calendarReason(report.reason) };
}

export function calendarReason(now: string | undefined): string {
  return `in a release, the calendar answers this${now ? `; now: ${now}` : ''}`;
}

function baseReport(item: LoadedItem, redactor: Redactor): ItemReport {
  return {
    id: item.id,
    title: item.title,
    covers: [...(item.covers ?? [])],
    needs: [...(item.needs ?? [])],
    state: 'error',
    ...(item.kind
      ? {
          check: item.kind.kind,
          effects: item.kind.effects,
          ...(item.kind.answers ? { answers: item.kind.answers } : {}),
          with: redactor.json(item.options),
        }
      : {}),
    ...(item.attest ? { attest: { role: item.attest.role, about: [...(item.attest.about ?? [])] } } : {}),
    attempts: [],
    simulated: [],
  };
}

function manual(base: ItemReport, item: LoadedItem, rehearsal: boolean): ItemReport {
  const role = item.attest?.role ?? '';
  if (rehearsal) return { ...base, state: 'rehearsed', reason: `in a release, ${role} attests this` };
  return { ...base, state: 'pending', reason: `${role} has to attest this` };
}

/** One sentence that names the cause, from what the measurements of an item came to. */
export function reasonFor(state: ItemReport['state'], made: readonly Judged[]): string | undefined {
  if (state === 'passed') return undefined;
  const causes = made.flatMap(({ reason }) => reason ?? []);
  if (state === 'flaky') return `passed at attempt ${made.length}; before: ${causes.at(-1)}`;
  const last = made.at(-1);
  if (last?.state === 'passed')
    return `passed only at attempt ${made.length}, and flaky does not count here; before: ${causes.at(-1)}`;
  return causes.at(-1) ?? 'it was not measured';
}
