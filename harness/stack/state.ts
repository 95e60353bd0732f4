import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { StackValues } from '../config/resolve.ts';
import { runProgram } from '../tools/run.ts';
import type { Compression } from './compress.ts';

export interface ProcessRecord {
  name: string;
  pid: number;
  /** What the system says about the moment it began: a pid alone may belong to another by now. */
  began: string;
}

/** The one file about a running stack. It holds secrets, so only its owner may read it. */
export interface StackState extends StackValues {
  schema: 1;
  environment: string;
  /** The process that the stack dies with. */
  owner: ProcessRecord;
  /** Over everything the stack was made from. */
  digest: string;
  compression: Compression;
  startedAt: string;
  processes: ProcessRecord[];
}

export function stackFolder(root: string, environment: string): string {
  return join(root, '.countersign', 'stack', environment);
}

/** Everything but logs: one folder, gone with the stack. */
export function workFolder(folder: string): string {
  return join(folder, 'work');
}

export function stateFile(folder: string): string {
  return join(folder, 'state.json');
}

export async function writeState(state: StackState): Promise<void> {
  const file = stateFile(state.dir);
  await writeFile(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Names this stack and no other: one that was started anew from the same settings is another. Tells no secret. */
export function stackId({ environment, digest, owner, startedAt }: StackState): string {
  return createHash('sha256')
    .update(JSON.stringify([environment, digest, owner.pid, owner.began, startedAt]))
    .digest('hex')
    .slice(0, 16);
}

/** The state of a stack whose owner is alive. */
export async function readState(root: string, environment: string): Promise<StackState | undefined> {
  const state = await readStateFile(stackFolder(root, environment));
  return state && (await isSame(state.owner)) ? state : undefined;
}

async function readStateFile(folder: string): Promise<StackState | undefined> {
  try {
    const state = JSON.parse(await readFile(stateFile(folder), 'utf8')) as StackState;
    return state.schema === 1 ? state : undefined;
  } catch {
    return undefined;
  }
}

const guardMs = 20_000;

/** Clears what a dead owner left. Its guard does that too, and gets the time to. */
export async function clearLeftovers(folder: string): Promise<void> {
  const deadline = Date.now() + guardMs;
  let state = await readStateFile(folder);
  while (state && Date.now() < deadline && (await anyAlive(state.processes))) {
    await pause(50);
    state = await readStateFile(folder);
  }
  for (const left of state?.processes ?? []) {
    if (await isSame(left)) endGroup(left.pid);
  }
  await rm(workFolder(folder), { recursive: true, force: true, maxRetries: 3 });
  await rm(stateFile(folder), { force: true });
  await mkdir(workFolder(folder), { recursive: true, mode: 0o755 });
  for (const file of await readdir(folder)) {
    if (file.endsWith('.log') && file !== supervisorLog) await rm(join(folder, file), { force: true });
  }
}

export const supervisorLog = 'stack.log';

async function anyAlive(processes: readonly ProcessRecord[]): Promise<boolean> {
  return (await Promise.all(processes.map(isSame))).includes(true);
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

export async function recordOf(name: string, pid: number): Promise<ProcessRecord> {
  return { name, pid, began: await beginning(pid) };
}

/** Is the recorded process still the one with that pid? */
export async function isSame({ pid, began }: ProcessRecord): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return (await beginning(pid)) === began;
}

async function beginning(pid: number): Promise<string> {
  if (process.platform !== 'linux') {
    return (await runProgram('ps', ['-o', 'lstart=', '-p', String(pid)])).output.trim();
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in brackets may hold spaces; `starttime` is the 20th field after it. A zombie has ended.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? '' : (fields[19] ?? '');
}
