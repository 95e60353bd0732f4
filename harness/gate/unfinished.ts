import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf } from '../errors.ts';
import { historyOf } from './history.ts';
import { readTornJournal } from './journal.ts';
import { runHolder } from './run-folder.ts';

export interface Unfinished {
  state: 'running' | 'interrupted' | 'aborted' | 'never begun' | 'unreadable';
  gate?: string;
  /** What to do next, in a sentence. */
  next: string;
}

/** What is known of a run that has no report. */
export async function describeUnfinished(folder: string): Promise<Unfinished> {
  const id = basename(folder);
  const holder = await runHolder(folder);
  try {
    const { entries } = readTornJournal(await readFile(join(folder, 'journal.jsonl')));
    const { started, restored, aborted, finished } = historyOf(entries);
    const gate = started ? { gate: started.gate } : {};
    if (holder) return { ...gate, state: 'running', next: `process ${holder.pid} is at work on it` };
    if (!started) return { state: 'never begun', next: 'nothing was measured: start a new run' };
    if (aborted)
      return { ...gate, state: 'aborted', next: `\`countersign gate abort ${id}\` writes its report` };
    const done = finished ? 'all items done' : `${restored.finished.size} done`;
    const resume = `go on with \`countersign gate resume ${id}\``;
    const abort = finished ? '' : `, or end it with \`countersign gate abort ${id}\``;
    return { ...gate, state: 'interrupted', next: `${done}; ${resume}${abort}` };
  } catch (thrown) {
    return { state: 'unreadable', next: messageOf(thrown) };
  }
}
