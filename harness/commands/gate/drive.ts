import { relative } from 'node:path';
import { openProject } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import type { GateRun, RunnerOptions } from '../../gate/session.ts';
import { exitOf } from '../../gate/verdict.ts';
import { systemClock } from '../clock.ts';
import { type Arguments, booleanFlag, type Io } from '../command.ts';
import { decisionText, oneLine } from '../paint.ts';
import { gateProgress } from './progress.ts';
import { rehearse } from './rehearse.ts';
import { reportOutput, writeReports } from './report-output.ts';
import { tellOfRun } from './tell.ts';

export const signFlag = {
  sign: { type: 'boolean', summary: 'in a rehearsal: sign as every role, then verify' },
} as const;

/** What every command has in common that drives a run: progress, verdict, reports and the exit code. */
export async function drive(
  args: Arguments,
  io: Io,
  start: (runner: RunnerOptions) => Promise<GateRun>,
): Promise<number> {
  const output = reportOutput(args, io);
  const project = await openProject(io.cwd);
  let items = 0;
  const progress = gateProgress(io.stderr, systemClock, () => items);
  io.onExit(() => progress.close());
  const planned: RunnerOptions['planned'] = (loaded, environment) => {
    // Before anything acts, not once all of it has.
    if (booleanFlag(args, 'sign') && !environment.rehearsal) {
      throw new CountersignError('USAGE', '--sign signs for everyone, so it is for rehearsals only', {
        hint: 'elsewhere each person runs `countersign gate sign`',
      });
    }
    items = loaded.items.length;
    const count = `${items} ${items === 1 ? 'item' : 'items'}`;
    progress.say(`${loaded.gate.title}: ${count} on ${environment.title}`);
  };
  const { env, signal } = io;
  const { say } = progress;
  const runner = { project, env, clock: systemClock, signal, listener: progress, say, planned };
  const run = await unlessInterrupted(io, () => start(runner));
  progress.close();
  if (!run) return 130;
  if (io.env['GITHUB_ACTIONS']) await (await import('./github-outputs.ts')).githubOutputs(io, run);
  if (io.signal.aborted) {
    io.stderr.write(`interrupted; what was measured is in ${relative(io.cwd, run.folder)}\n`);
    return 130;
  }
  const exit = booleanFlag(args, 'sign')
    ? await rehearse(io, project, run)
    : exitOf(run.statement.predicate.decision);
  if (booleanFlag(args, 'json')) io.stdout.write(`${JSON.stringify(summary(io, run), null, 2)}\n`);
  else if (output.console) io.stdout.write(verdict(io, run));
  await writeReports(io, output, run);
  if (!booleanFlag(args, 'sign')) await tellOfRun(io, project, run.statement);
  return exit;

  async function unlessInterrupted<T>(at: Io, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof CountersignError) || thrown.code !== 'INTERRUPTED') throw thrown;
      progress.close();
      at.stderr.write(`interrupted: ${thrown.hint}\n`);
      return undefined;
    }
  }
}

function summary(io: Io, { id, folder, statement }: GateRun) {
  const { decision, reasons, items } = statement.predicate;
  const states = Object.fromEntries(items.map((item) => [item.id, item.state]));
  return { run: id, decision, reasons, items: states, folder: relative(io.cwd, folder) };
}

function verdict(io: Io, { folder, statement }: GateRun): string {
  const { decision, reasons, items, environment } = statement.predicate;
  const counts = Object.entries(Object.groupBy(items, ({ state }) => state)).map(
    ([state, list]) => `${list?.length} ${state}`,
  );
  const notable = reasons.filter(({ state }) => !['rehearsed', 'flaky'].includes(state));
  const simulated =
    environment.simulators.length > 0 ? [`simulated: ${environment.simulators.join(', ')}`] : [];
  return [
    '',
    `${decisionText(io.stdout, decision)}  ${counts.join(', ')}`,
    ...notable.map(({ item, state, text }) => `  ${item} ${state}: ${oneLine(text)}`),
    ...simulated,
    `report: ${relative(io.cwd, folder)}/report.html`,
    '',
  ].join('\n');
}
