import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../checks/define.ts';
import { type Project, pickEnvironment, readEnvironments } from '../config/project.ts';
import { CountersignError } from '../errors.ts';
import { evidenceProblems, hasRunFile } from '../sign/folder.ts';
import { version } from '../version.ts';
import { type History, historyOf, type RunStarted } from './history.ts';
import { type Inputs, refuseOtherInputs } from './inputs.ts';
import { Journal, type JournalEntry, type Repair, readTornJournal, repairJournal } from './journal.ts';
import { loadGate } from './load.ts';
import { changeSince } from './release.ts';
import { openClock } from './run-clock.ts';
import { signersInUse } from './signers-in-use.ts';

/** A run without a report, as it was found: nothing is changed yet. */
export interface Found {
  folder: string;
  history: History;
  begun: { at: string } & RunStarted;
  entries: readonly JournalEntry[];
  torn?: Repair;
  inputs: Inputs;
}

/** Reads an interrupted run and refuses what must not be gone on with. The caller holds its lock. */
export async function findInterrupted(project: Project, folder: string): Promise<Found> {
  await refuseFrozen(folder);
  const { entries, torn } = readTornJournal(await readFile(join(folder, 'journal.jsonl')));
  const history = historyOf(entries);
  const { started } = history;
  if (!started) {
    throw new CountersignError('RUN_MISSING', `the run ${basename(folder)} ended before it had begun`, {
      hint: 'nothing was measured: start a new run',
    });
  }
  if (started.id !== basename(folder)) {
    throw new CountersignError(
      'REPORT_INVALID',
      `the journal in ${basename(folder)} is that of ${started.id}`,
      {
        hint: 'a run is gone on with in its own folder: give it its name back, or start a new run',
      },
    );
  }
  if (started.tool.version !== version()) {
    throw new CountersignError(
      'CONFIG_INVALID',
      `the run was begun by countersign ${started.tool.version}, and this is ${version()}`,
      { hint: 'one report comes from one version: go on with that one, or start a new run' },
    );
  }
  const inputs = await inputsOf(project, started);
  await refuseOtherInputs(folder, inputs);
  await refuseOtherEvidence(folder, history);
  return { folder, history, begun: started, entries, inputs, ...(torn ? { torn } : {}) };
}

/** What has a report has ended. */
export async function refuseFrozen(folder: string): Promise<void> {
  if (!(await hasRunFile(folder, 'report.json'))) return;
  throw new CountersignError('RUN_FROZEN', `the run ${basename(folder)} ended: it has a report`, {
    hint: '`countersign gate show` prints it; `countersign gate run` starts a new run',
  });
}

async function inputsOf(project: Project, { file, environment: name }: RunStarted): Promise<Inputs> {
  const environments = await readEnvironments(project.root);
  const environment = pickEnvironment(environments, name);
  const gate = await loadGate(project, file, { environments, environment: name });
  return { gate, environment, signers: await signersInUse(project, environment, gate) };
}

async function refuseOtherEvidence(folder: string, { records }: History): Promise<void> {
  const [problem] = evidenceProblems(folder, records);
  if (problem === undefined) return;
  throw new CountersignError('REPORT_INVALID', `evidence of this run is not what was kept: ${problem}`, {
    hint: 'start a new run',
  });
}

/** What is measured from here on has to be about the same release. */
export async function refuseOtherRelease(
  { root }: Project,
  { history, begun, inputs }: Found,
): Promise<void> {
  const { gate, environment } = inputs;
  const change = history.changed ?? (await changeSince(begun.release, { root, gate: gate.gate }));
  if (!change || (environment.rehearsal && !history.changed)) return;
  throw new CountersignError('CONFIG_INVALID', change, {
    hint: history.changed ? 'start a new run' : 'put it back as it was, or start a new run',
  });
}

export interface Line {
  type: string;
  data: unknown;
}

/** The first lines of a runner that goes on; after the last line of the run nothing may come but signed statements. */
export function resumption({ entries, torn, history }: Found, gapMs: number): Line[] {
  if (history.finished) return [];
  return [
    { type: 'run-resumed', data: { after_line: entries.length, gap_ms: gapMs } },
    ...(torn ? [{ type: 'journal-repaired', data: torn }] : []),
  ];
}

/** The journal of a run that is gone on with: repaired, cleared of what no line tells of, and with these lines added. */
export async function reopen(
  { folder, entries, torn, history }: Found,
  machine: Clock,
  lines: (gapMs: number) => readonly Line[],
): Promise<{ journal: Journal; history: History } & ReturnType<typeof openClock>> {
  const path = join(folder, 'journal.jsonl');
  if (torn) await repairJournal(path);
  await clearLeftovers(folder, history);
  const last = new Date(entries.at(-1)?.at ?? machine.now());
  const opened = openClock(machine, { last, setBacks: history.setBacks });
  const { journal } = await Journal.open(path, opened.clock);
  // After its last line a step back of the clock is told by the report alone.
  if (history.finished) opened.clock.silence();
  else opened.journalTo(journal);
  const added: JournalEntry[] = [];
  try {
    const gapMs = opened.clock.now().getTime() - last.getTime();
    for (const { type, data } of lines(gapMs)) added.push(await journal.append(type, data));
  } catch (thrown) {
    await journal.close();
    throw thrown;
  }
  return { ...opened, journal, history: { ...historyOf([...entries, ...added]), usedMs: history.usedMs } };
}

/** Half-written evidence, and that of attempts that will be made again. */
async function clearLeftovers(folder: string, { records }: History): Promise<void> {
  const kept = new Set(records.map(({ sha256 }) => sha256));
  const evidence = join(folder, 'evidence');
  for (const name of await readdir(evidence).catch(() => [] as string[]))
    if (!kept.has(name)) await rm(join(evidence, name), { force: true });
}
