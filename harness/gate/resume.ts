import { basename } from 'node:path';
import { formatDuration } from '../config/duration.ts';
import { pickEnvironment, readEnvironments } from '../config/project.ts';
import { CountersignError } from '../errors.ts';
import type { Statement } from '../report/schema.ts';
import { renderMissing } from './freeze.ts';
import { goOn } from './go-on.ts';
import type { History } from './history.ts';
import type { LoadedGate } from './load.ts';
import { type Found, findInterrupted, type Line, refuseOtherRelease, reopen, resumption } from './reopen.ts';
import { findRun, lockRun } from './run-folder.ts';
import type { GateRun, RunnerOptions } from './session.ts';
import { signersInUse } from './signers-in-use.ts';
import { refuseOtherStack } from './stack-in-use.ts';
import { letsPass } from './verdict.ts';

export interface ResumeOptions extends RunnerOptions {
  cwd: string;
  /** Id, folder or `latest`. */
  run: string;
  /** Items that write, were cut off in the midst, and are to be run again. */
  repeat: readonly string[];
  /** The same, to be counted as errors instead. */
  giveUp: readonly string[];
  /** Who decided that. */
  who: string;
}

/** Goes on with a run whose runner was killed or interrupted. What is done is not done again. */
export async function resumeGate(options: ResumeOptions): Promise<GateRun> {
  const { project } = options;
  const folder = await findRun(project, options.cwd, options.run);
  const release = await lockRun(folder);
  try {
    const rendered = await renderMissing(folder);
    if (rendered) return await withSigners(options, folder, rendered);
    const found = await findInterrupted(project, folder);
    await refuse(options, found);
    const opened = await reopen(found, options.clock, (gapMs) => linesOf(options, found, gapMs));
    tell(options, found, opened.history);
    return await goOn(options, found, opened);
  } finally {
    await release();
  }
}

/** Its report is whole; only what people read of it was not written yet. */
async function withSigners(
  { project }: ResumeOptions,
  folder: string,
  statement: Statement,
): Promise<GateRun> {
  const { name } = statement.predicate.environment;
  const environment = pickEnvironment(await readEnvironments(project.root), name);
  return { id: basename(folder), folder, statement, signers: await signersInUse(project, environment) };
}

async function refuse(options: ResumeOptions, found: Found): Promise<void> {
  const { history, inputs } = found;
  if (history.aborted) {
    throw new CountersignError('RUN_FROZEN', `${history.aborted.who} aborted this run`, {
      hint: '`countersign gate abort` writes its report; `countersign gate run` starts a new run',
    });
  }
  await refuseOtherRelease(options.project, found);
  refuseUndecided(history, inputs.gate, options);
  await refuseOtherStack(options.project.root, inputs.environment, history);
}

/** What writes and was cut off may have taken effect: only a person can look. */
function refuseUndecided(
  { restored }: History,
  gate: LoadedGate,
  { repeat, giveUp }: Pick<ResumeOptions, 'repeat' | 'giveUp'>,
): void {
  const cutOff = gate.items.filter(({ id, kind }) => kind?.effects === 'writes' && restored.open.has(id));
  const known = cutOff.map(({ id }) => id);
  const odd = [...repeat, ...giveUp].find((id) => !known.includes(id));
  if (odd !== undefined) {
    const hint = known.length > 0 ? `to be decided: ${known.join(', ')}` : 'nothing has to be decided';
    throw new CountersignError('USAGE', `no runner ended in the midst of \`${odd}\``, { hint });
  }
  const both = repeat.find((id) => giveUp.includes(id));
  if (both !== undefined)
    throw new CountersignError('USAGE', `\`${both}\` is either run again or given up, not both`);
  const undecided = known.filter(
    (id) => ![...repeat, ...giveUp].includes(id) && !restored.repeat.has(id) && !restored.givenUp.has(id),
  );
  // A halted run begins nothing again, and takes back what may have been done.
  if (undecided.length === 0 || restored.halted) return;
  const named = undecided.map((id) => `\`${id}\``).join(', ');
  const flags = undecided.map((id) => `--repeat ${id}`).join(' ');
  throw new CountersignError(
    'RUN_UNDECIDED',
    `a runner ended in the midst of ${named}: what writes may have taken effect or not`,
    {
      hint: `look whether it did and that nothing of it still runs, then say \`${flags}\` (run it again) or \`--give-up\` (it counts as an error)`,
    },
  );
}

function linesOf({ repeat, giveUp, who }: ResumeOptions, found: Found, gapMs: number): Line[] {
  const { history, inputs } = found;
  if (history.finished) return [];
  return [
    ...resumption(found, gapMs),
    ...outdated(history, inputs.gate, giveUp).map((id) => ({ type: 'item-outdated', data: { id } })),
    ...repeat.map((id) => ({ type: 'item-repeated', data: { id, who } })),
    ...giveUp.map((id) => ({ type: 'item-given-up', data: { id, who } })),
  ];
}

/** What is measured at the cutover was measured before this runner began: while the cutover is to come, it says nothing. */
function outdated({ restored }: History, { items }: LoadedGate, giveUp: readonly string[]): string[] {
  const { halted, finished, attempts, givenUp } = restored;
  const id = items.find(({ cutover }) => cutover)?.id;
  if (id === undefined || halted || finished.has(id) || attempts.has(id)) return [];
  if (givenUp.has(id) || giveUp.includes(id)) return [];
  const passed = (item: string) =>
    letsPass.has(finished.get(item)?.state ?? attempts.get(item)?.at(-1)?.state ?? 'pending');
  return items
    .filter((item) => item.at && item.kind?.effects !== 'writes' && passed(item.id))
    .map((item) => item.id);
}

function tell(
  { say }: ResumeOptions,
  { torn, entries, begun }: Found,
  { finished, resumptions, restored }: History,
): void {
  if (torn) say(`line ${torn.line} of the journal was torn; its ${torn.bytes} bytes were cut off`);
  const down = formatDuration(Math.round((resumptions.at(-1)?.gap_ms ?? 0) / 1_000) * 1_000);
  say(
    finished
      ? `${begun.id} was measured to its end; only its report is missing`
      : `going on with ${begun.id} after line ${entries.length} of its journal, ${down} later`,
  );
  const done = [...restored.finished.keys()];
  if (!finished && done.length > 0) say(`done before: ${done.join(', ')}`);
}
