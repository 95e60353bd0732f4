import { randomBytes } from 'node:crypto';
import { readdir, readFile, realpath, rename, rm, symlink } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import type { Project } from '../config/project.ts';
import { CountersignError } from '../errors.ts';
import { isSame, type ProcessRecord, recordOf } from '../stack/state.ts';
import { HALF_WRITTEN, syncFolder, writeNew } from './evidence.ts';
import { makeFolder } from './make-folder.ts';

const runsOf = (project: Project) => join(project.state, 'runs');

/** `staging-dry-run-20261125T080000Z-3fa9`: sorts by time within a gate, never collides. */
export function newRunId(gate: string, now: Date): string {
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${gate}-${stamp}-${randomBytes(2).toString('hex')}`;
}

export async function createRunFolder(project: Project, id: string): Promise<string> {
  const folder = join(runsOf(project), id);
  await makeFolder(join(folder, 'evidence'));
  await syncFolder(runsOf(project));
  return folder;
}

/** Points `.countersign/latest` at a run, in one step. */
export async function pointLatestAt(project: Project, folder: string): Promise<void> {
  const link = join(project.state, 'latest');
  const temporary = `${link}.${randomBytes(4).toString('hex')}`;
  await symlink(relative(project.state, folder), temporary);
  await rename(temporary, link);
}

/** A run by its id, by a folder, or `latest`: always by the one path that its lock goes by. */
export async function findRun(project: Project, cwd: string, name: string): Promise<string> {
  if (name === 'latest') {
    try {
      return await realpath(join(project.state, 'latest'));
    } catch {
      throw missing(name);
    }
  }
  for (const candidate of [join(runsOf(project), name), resolve(cwd, name)]) {
    const entries = await namesIn(candidate);
    if (entries.includes('journal.jsonl')) return await realpath(candidate);
  }
  throw missing(name);
}

function missing(name: string): CountersignError {
  return new CountersignError('RUN_MISSING', `there is no run \`${name}\``);
}

/** None where there is no such folder; one that can't be read is not empty. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((thrown as NodeJS.ErrnoException).code ?? ''))
      return [];
    throw thrown;
  }
}

/** Run folders, newest first. */
export async function listRuns(project: Project): Promise<string[]> {
  const names = await namesIn(runsOf(project));
  const stamp = (name: string) => /\d{8}T\d{6}Z/.exec(name)?.[0] ?? '';
  return names.sort((a, b) => stamp(b).localeCompare(stamp(a))).map((name) => join(runsOf(project), name));
}

const lockOf = (folder: string) => join(folder, '..', `.${basename(folder)}.lock`);

/** Holds a run for this process; a lock whose holder is gone counts no more. Resolves to the release. */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = lockOf(folder);
  const mine = JSON.stringify(await recordOf(randomBytes(8).toString('hex'), process.pid));
  for (let tries = 0; tries < 2; tries += 1) {
    // The lock appears with its holder in it: an empty one would read as nobody's.
    if (await writeNew(path, mine, 0o600)) {
      await clearHalfWritten(folder);
      return () => rm(path, { force: true });
    }
    const holder = await aliveHolder(path);
    if (holder) throw locked(folder, `process ${holder.pid} drives`);
    await clearStale(path, mine);
  }
  throw locked(folder, 'another process drives');
}

/** What whoever held it before was writing when it was killed: no file of a run, and nobody writes it any more. */
async function clearHalfWritten(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [] as string[]))
    if (HALF_WRITTEN.test(name)) await rm(join(folder, name), { force: true });
}

/** The process that drives a run now. */
export function runHolder(folder: string): Promise<ProcessRecord | undefined> {
  return aliveHolder(lockOf(folder));
}

function locked(folder: string, who: string): CountersignError {
  return new CountersignError('RUN_LOCKED', `${who} the run ${basename(folder)}`);
}

/** A pid alone may belong to another process by now, such as after a reboot: its beginning has to fit, too. */
async function aliveHolder(path: string): Promise<ProcessRecord | undefined> {
  return holderIn(await readFile(path, 'utf8').catch(() => ''));
}

async function holderIn(text: string): Promise<ProcessRecord | undefined> {
  try {
    const holder = JSON.parse(text) as ProcessRecord;
    return (await isSame(holder)) ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** Of several that find the same stale lock only one takes it away, and looks again before: it may be a new one by then. */
async function clearStale(path: string, mine: string): Promise<void> {
  const turn = `${path}.stale`;
  if (!(await writeNew(turn, mine, 0o600))) return removeStale(turn);
  try {
    await removeStale(path);
  } finally {
    await rm(turn, { force: true });
  }
}

/** What is gone already is not stale: the next moment it may be somebody's. */
async function removeStale(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text !== undefined && !(await holderIn(text))) await rm(path, { force: true });
}
