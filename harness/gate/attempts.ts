import { parseDuration } from '../config/duration.ts';
import type { Attempt, ItemReport } from '../report/schema.ts';
import { runAttempt } from './attempt.ts';
import type { NeededFacts } from './evaluate.ts';
import type { FactSchema } from './facts.ts';
import type { LoadedGate, LoadedItem } from './load.ts';
import { pause } from './pause.ts';
import type { JournaledAttempt } from './restored.ts';
import type { RunState } from './run.ts';

/** An attempt with the sentence that names what went wrong. */
export type Judged = JournaledAttempt;

export type Measure = (attempt: number) => Promise<Judged>;

const DEFAULT_TIMEOUT = '60s';

/** Measures the item once a call, with a line in the journal before and after. `simulated` gathers who was a stand-in. */
export function measuring(run: RunState, item: LoadedItem, simulated: Set<string>): Measure {
  const { input, signal } = run;
  return async (attempt) => {
    await input.journal.append('attempt-started', { id: item.id, attempt });
    const { made } = await measureOnce(run, item, { attempt, signal, simulated });
    throwIfBrokenOff(input, made);
    await input.journal.append('attempt-finished', {
      id: item.id,
      attempt,
      ...made,
      ...forLaterRunners(input, simulated),
    });
    return made;
  };
}

/** Broken off by a person, it has no end: it is measured again and no failure. What was seen before that stays seen. */
export function throwIfBrokenOff({ interrupted }: RunState['input'], { state }: Judged): void {
  if (state === 'error') interrupted?.throwIfAborted();
}

/** What the report counts over all attempts, and a runner that goes on with the run has to know. */
export function forLaterRunners({ redactor }: RunState['input'], simulated: ReadonlySet<string>) {
  return { simulated: [...simulated].sort(), redactions: redactor.count };
}

export interface Measurement {
  attempt: number;
  /** Folder of the evidence, under the item's own; by default the number of the attempt. */
  under?: string;
  signal: AbortSignal;
  simulated: Set<string>;
}

/** One measurement and its verdict; the journal is not told. `forget` keeps none of its evidence. */
export async function measureOnce(
  { input, reports }: RunState,
  item: LoadedItem,
  { attempt, under = String(attempt), signal, simulated }: Measurement,
): Promise<{ made: Judged; forget(): void }> {
  const needs = neededFacts(input.gate, item, reports);
  const facts = Object.fromEntries(Object.entries(needs).map(([id, need]) => [id, need.facts]));
  const progress = (message: string) => input.listener.progress(item, input.redactor.text(message));
  const scope = input.scope({ item, attempt, under, needs: facts, signal, progress });
  const made = await runAttempt({
    item,
    needs,
    context: scope.context,
    artifacts: scope.artifacts,
    redactor: input.redactor,
    clock: input.clock,
    timeoutMs: parseDuration(item.timeout ?? DEFAULT_TIMEOUT),
  });
  for (const name of scope.simulated) simulated.add(name);
  return { made, forget: scope.forget };
}

/** Once, and again while it does not pass and more attempts are granted; what earlier runners tried counts. */
export async function retried(run: RunState, item: LoadedItem, measure: Measure): Promise<Judged[]> {
  const { input, restored, signal } = run;
  const made = [...(restored.attempts.get(item.id) ?? [])];
  const most = 1 + (item.kind?.effects === 'writes' ? 0 : (item.retries ?? 0));
  while (made.length < most && made.at(-1)?.state !== 'passed') {
    if (made.length > 0) await pause(retryAfter(item), signal);
    if (made.length > 0 && signal.aborted) break;
    const attempt = await measure(made.length + 1);
    made.push(attempt);
    input.listener.attempted(item, attempt);
  }
  return made;
}

/** Milliseconds between two measurements of an item that did not pass. */
export function retryAfter(item: LoadedItem): number {
  return parseDuration(item.retry_after ?? '1s');
}

/** The reason belongs to the item; an attempt of the report has its expectations and its error. */
export function asReported({ reason: _reason, ...attempt }: Judged): Attempt {
  return attempt;
}

function neededFacts(
  gate: LoadedGate,
  item: LoadedItem,
  reports: ReadonlyMap<string, ItemReport>,
): Record<string, NeededFacts> {
  return Object.fromEntries(
    (item.needs ?? []).flatMap((id) => {
      const facts = reports.get(id)?.attempts.at(-1)?.facts;
      const kind = gate.items.find((candidate) => candidate.id === id)?.kind;
      return facts && kind
        ? [[id, { facts: facts as Record<string, unknown>, schema: kind.facts as FactSchema }]]
        : [];
    }),
  );
}
