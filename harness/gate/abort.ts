import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CountersignError } from '../errors.ts';
import { goOn } from './go-on.ts';
import type { History } from './history.ts';
import type { LoadedGate } from './load.ts';
import { findInterrupted, refuseFrozen, reopen, resumption } from './reopen.ts';
import { findRun, lockRun, runHolder } from './run-folder.ts';
import type { GateRun, RunnerOptions } from './session.ts';
import { refuseOtherStack } from './stack-in-use.ts';

export interface AbortOptions extends RunnerOptions {
  cwd: string;
  /** Id, folder or `latest`. */
  run: string;
  /** Take back what was done, the last thing first. */
  undo: boolean;
  who: string;
}

/** A runner winds up within this time after Ctrl-C. */
const WIND_UP_MS = 30_000;
const LOOK_AGAIN_MS = 100;

/** Ends a run for good: what did not end is an error, and its report is written. */
export async function abortRun(options: AbortOptions): Promise<GateRun> {
  const { project, undo, who } = options;
  const folder = await findRun(project, options.cwd, options.run);
  const release = await lockFromRunner(options, folder);
  try {
    const found = await findInterrupted(project, folder);
    const { inputs } = found;
    const { aborted: known, finished } = found.history;
    const left = unfinished(found.history, inputs.gate);
    // Whoever aborted it may have ended before its report: that is not taken back, and can be gone on with.
    if (left.length === 0 && !known) {
      throw new CountersignError('RUN_FROZEN', 'every item of the run has ended: there is nothing to abort', {
        hint: `\`countersign gate resume ${basename(folder)}\` writes its report`,
      });
    }
    if (undo || known?.undo) await refuseOtherStack(project.root, inputs.environment, found.history);
    const opened = await reopen(found, options.clock, (gapMs) => [
      ...resumption(found, gapMs),
      ...(finished || (known && (known.undo || !undo)) ? [] : [{ type: 'run-aborted', data: { who, undo } }]),
    ]);
    const { restored, aborted } = opened.history;
    const reason = `aborted by ${aborted?.who ?? who}`;
    const givenUp = new Map([...restored.givenUp, ...left.map((id) => [id, reason] as const)]);
    const history = { ...opened.history, restored: { ...restored, givenUp } };
    return await goOn(options, found, { ...opened, history });
  } finally {
    await release();
  }
}

/** Whoever drives it now is told to stop, as by Ctrl-C. */
async function lockFromRunner({ clock, say }: AbortOptions, folder: string): Promise<() => Promise<void>> {
  const holder = await runHolder(folder);
  if (!holder) return lockRun(folder);
  await refuseFrozen(folder);
  say(`telling process ${holder.pid} to stop`);
  interrupt(holder.pid);
  const until = clock.monotonic() + WIND_UP_MS;
  while (clock.monotonic() < until && (await runHolder(folder))) await pause(LOOK_AGAIN_MS);
  return lockRun(folder);
}

function interrupt(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch (thrown) {
    // It may have ended by itself meanwhile.
    if ((thrown as NodeJS.ErrnoException).code === 'ESRCH') return;
    throw new CountersignError('RUN_LOCKED', `process ${pid} drives the run, and can not be told to stop`, {
      hint: 'it belongs to somebody else: they stop it, with Ctrl-C',
      cause: thrown,
    });
  }
}

/** Everything that a machine would still have measured. What a person answers is as it would have been. */
function unfinished({ restored }: History, { items }: LoadedGate): string[] {
  return items.filter(({ id, attest }) => !attest && !restored.finished.has(id)).map(({ id }) => id);
}
