import { isDeepStrictEqual } from 'node:util';
import type { JournalEntry } from '../../gate/journal.ts';
import type { Attempt, ItemReport, SignOff } from '../../report/schema.ts';
import { type Finding, summarise } from './finding.ts';

type Told = Pick<Attempt, 'started_at' | 'finished_at' | 'state'> & { facts?: unknown };
/** With the number of its line. */
type Written = Told & { seq: number };

/**
 * What a watch saw, what was undone and when it was cut over stands in the journal, line by line, as it happened: a
 * report that leaves some of it out is not what was written down.
 */
export function checkTold({ items, run }: SignOff, entries: readonly JournalEntry[]): Finding[] {
  const acts = items.filter(({ watch, undo, cutover }) => watch || undo || cutover);
  const samples = attemptsBy(entries, 'watch-sample');
  const undone = attemptsBy(entries, 'undo-finished');
  const made = attemptsBy(entries, 'attempt-finished');
  for (const [id, attempts] of made)
    made.set(
      id,
      attempts.filter((one) => !isOutdated(one, id, entries)),
    );
  const aborted = entries.findLast(({ type }) => type === 'run-aborted')?.data;
  const problems = items.flatMap((item) => [
    ...attemptProblems(item, made.get(item.id)),
    ...differ(item.watch?.samples, samples.get(item.id), `the samples of ${item.id}`),
    ...differ(item.undo?.attempts, undone.get(item.id), `the undo of ${item.id}`),
    ...cutoverProblems(item, entries),
  ]);
  const begun = entries.find(({ type }) => type === 'run-started')?.data as { id?: string } | undefined;
  if (begun?.id !== undefined && begun.id !== run.id) problems.push(`the journal is that of ${begun.id}`);
  if (!isDeepStrictEqual(aborted, run.aborted))
    problems.push('who aborted the run is not what the journal tells');
  if (acts.length === 0 && problems.length === 0) return [];
  return [summarise('told', problems, `${acts.length} watched, undone or cut over as the journal tells`)];
}

function attemptsBy(entries: readonly JournalEntry[], type: string): Map<string, Written[]> {
  const found = new Map<string, Written[]>();
  for (const entry of entries) {
    if (entry.type !== type) continue;
    const told = { ...(entry.data as Told & { id: string }), seq: entry.seq };
    const known = found.get(told.id);
    if (known) known.push(told);
    else found.set(told.id, [told]);
  }
  return found;
}

/** What was seen before a cutover that came too late is measured again; what did not pass stays. */
function isOutdated({ state, seq }: Written, item: string, entries: readonly JournalEntry[]): boolean {
  return (
    state === 'passed' &&
    entries.some(
      ({ type, data, seq: at }) =>
        type === 'item-outdated' && at > seq && (data as { id: string }).id === item,
    )
  );
}

/** Each that ended is told of; one more at the end may say why there was no other. A wait reports its last alone. */
function attemptProblems(
  { id, watch, settled, attempts }: ItemReport,
  written: readonly Told[] = [],
): string[] {
  // Without any it came to nothing, whatever an earlier runner measured.
  if (watch || attempts.length === 0 || written.length === 0) return [];
  const told = settled ? attempts.slice(-1) : attempts.slice(0, written.length);
  const more = attempts.slice(settled ? attempts.length : written.length);
  if (more.some(({ state }) => state !== 'error'))
    return [`the attempts of ${id} are not those of the journal`];
  return differ(told, settled ? written.slice(-1) : written, `the attempts of ${id}`);
}

function differ(
  reported: readonly Told[] | undefined,
  written: readonly Told[] | undefined,
  what: string,
): string[] {
  const same = isDeepStrictEqual((reported ?? []).map(essence), (written ?? []).map(essence));
  return same ? [] : [`${what} are not those of the journal`];
}

/** Evidence of dull samples is let go, and reasons belong to the item. */
function essence({ started_at, finished_at, state, facts }: Told): unknown[] {
  return [started_at, finished_at, state, facts];
}

/** The last look counts; one without a beginning came to nothing. */
function cutoverProblems({ id, cutover }: ItemReport, entries: readonly JournalEntry[]): string[] {
  if (!cutover) return [];
  const line = entries.findLast(({ type, data }) => type === 'cutover' && (data as { id: string }).id === id);
  return isDeepStrictEqual(line?.data, { id, ...cutover })
    ? []
    : [`the cutover of ${id} is not that of the journal`];
}
