import { basename, relative } from 'node:path';
import { openProject } from '../../config/project.ts';
import { messageOf } from '../../errors.ts';
import { listRuns } from '../../gate/run-folder.ts';
import { describeUnfinished, type Unfinished } from '../../gate/unfinished.ts';
import type { Statement } from '../../report/schema.ts';
import { hasRunFile, readRunFile } from '../../sign/folder.ts';
import type { Saying } from '../../sign/said/schema.ts';
import { sayingsOf, withdrawalsOfGo } from '../../sign/said/standing.ts';
import { readStatement } from '../../sign/statement.ts';
import { booleanFlag, type Command, type Io, integerFlag, jsonFlag, positionals } from '../command.ts';
import { decisionText, oneLine } from '../paint.ts';
import { saidLine, standingOf } from './said-of.ts';

interface RunStatus {
  run: string;
  state: 'finished' | Unfinished['state'];
  decision: Statement['predicate']['decision'] | null;
  signatures: number;
  wanted: number;
  next: string;
  folder: string;
}

export const command: Command = {
  usage: '[--last N] [--json]',
  about: `
Newest first. It reads what the folders say and proves nothing: \`countersign gate verify\` does.

example: countersign gate status`,
  flags: { last: { type: 'string', value: 'N', summary: 'how many runs; default 10' }, ...jsonFlag },
  async run(args, io) {
    positionals(args, []);
    const project = await openProject(io.cwd);
    const most = integerFlag(args, 'last', { min: 1, max: 10_000 }) ?? 10;
    const folders = (await listRuns(project))
      .filter((folder) => !basename(folder).startsWith('.'))
      .slice(0, most);
    const runs: RunStatus[] = [];
    for (const folder of folders) runs.push(await statusOf(io, folder));
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify(runs, null, 2)}\n`);
      return 0;
    }
    for (const { run, state, decision, signatures, wanted, next } of runs) {
      const said = decision
        ? `${decisionText(io.stdout, decision)}  signed ${signatures} of ${wanted}`
        : `${state}, no report`;
      io.stdout.write(`${run}  ${said}\n  ${oneLine(next)}\n`);
    }
    if (runs.length === 0) io.stdout.write('no runs yet: `countersign gate run GATE`\n');
    return 0;
  },
};

async function statusOf(io: Io, folder: string): Promise<RunStatus> {
  const base = { run: basename(folder), folder: relative(io.cwd, folder), signatures: 0, wanted: 0 };
  if (!(await hasRunFile(folder, 'report.json')))
    return { ...base, decision: null, ...(await describeUnfinished(folder)) };
  try {
    const statement = readStatement(await readRunFile(folder, 'report.json'));
    const { predicate } = statement;
    const { said, problem, count } = await standingOf(io, { folder, statement });
    const { approvals, missing } = count ?? { approvals: [], missing: predicate.policy.require };
    return {
      ...base,
      state: 'finished',
      decision: sayingsOf(said, 'rejection').length > 0 ? 'NO_GO' : predicate.decision,
      signatures: approvals.length,
      wanted: approvals.length + sumOf(missing),
      next: problem ?? stopped(said) ?? nextStep(predicate, sumOf(missing)),
    };
  } catch (thrown) {
    return { ...base, state: 'unreadable', decision: null, next: messageOf(thrown) };
  }
}

function sumOf(missing: readonly { count: number }[]): number {
  return missing.reduce((sum, { count }) => sum + count, 0);
}

/** Who stopped it: then it waits for nobody else. */
function stopped(said: readonly Saying[]): string | undefined {
  const stop = sayingsOf(said, 'rejection')[0] ?? withdrawalsOfGo(said)[0];
  return stop && saidLine(stop);
}

function nextStep({ decision, items, reasons }: Statement['predicate'], missing: number): string {
  const pending = items.filter(({ state }) => state === 'pending');
  if (decision === 'NO_GO') return reasons.find(({ state }) => state === 'failed')?.text ?? 'an item failed';
  if (pending.length > 0)
    return `waits for ${pending.map(({ id, attest }) => `${id} (${attest?.role})`).join(', ')}`;
  if (decision === 'INCONCLUSIVE') return reasons[0]?.text ?? 'nothing was shown';
  return missing > 0 ? `waits for ${missing} more to sign` : 'fully signed';
}
