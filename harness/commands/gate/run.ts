import { relative } from 'node:path';
import { openProject } from '../../config/project.ts';
import { type GateRun, runGate } from '../../gate/session.ts';
import { exitOf } from '../../gate/verdict.ts';
import { systemClock } from '../clock.ts';
import {
  booleanFlag,
  type Command,
  type Io,
  integerFlag,
  jsonFlag,
  positionals,
  stringFlag,
} from '../command.ts';
import { decisionText, oneLine } from '../paint.ts';
import { gateProgress } from './progress.ts';
import { rehearse } from './rehearse.ts';
import { reportFlags, reportOutput, writeReports } from './report-output.ts';

export const command: Command = {
  usage: 'GATE [--env NAME] [--sign] [--report LIST] [--json]',
  about: `
Runs every item of a gate, as far as one needs another in order, and writes the run folder
.countersign/runs/<id>/ with journal, evidence and report. GATE is an id or a file.

example: countersign gate run staging-dry-run --env local --sign`,
  flags: {
    env: { type: 'string', value: 'NAME', summary: "environment, instead of the gate's own" },
    sign: { type: 'boolean', summary: 'in a rehearsal: sign as every role, then verify' },
    requester: {
      type: 'string',
      value: 'WHO',
      summary: 'who asks for the sign-off; default: the e-mail of git',
    },
    rehearse: {
      type: 'string',
      value: 'N',
      summary: 'divide the intervals and durations of the local stack by N',
    },
    ...reportFlags,
    ...jsonFlag,
  },
  async run(args, io) {
    const [gate] = positionals(args, ['GATE']);
    const output = reportOutput(args, io);
    const project = await openProject(io.cwd);
    let items = 0;
    const progress = gateProgress(io.stderr, systemClock, () => items);
    io.onExit(() => progress.close());
    const run = await runGate({
      project,
      gate,
      cwd: io.cwd,
      environment: stringFlag(args, 'env'),
      requester: stringFlag(args, 'requester'),
      rehearse: integerFlag(args, 'rehearse', { min: 1, max: 1_000 }),
      env: io.env,
      clock: systemClock,
      signal: io.signal,
      listener: progress,
      say: progress.say,
      planned(loaded, environment) {
        items = loaded.items.length;
        progress.say(
          `${loaded.gate.title}: ${items} ${items === 1 ? 'item' : 'items'} on ${environment.title}`,
        );
      },
    });
    progress.close();
    if (io.env['GITHUB_ACTIONS']) await (await import('./github-outputs.ts')).githubOutputs(io, run);
    if (io.signal.aborted) {
      io.stderr.write(`interrupted; what was measured is in ${relative(io.cwd, run.folder)}\n`);
      return 130;
    }
    return finish(io, run, booleanFlag(args, 'sign'), booleanFlag(args, 'json'));

    async function finish(io: Io, run: GateRun, sign: boolean, json: boolean): Promise<number> {
      const exit = sign ? await rehearse(io, project, run) : exitOf(run.statement.predicate.decision);
      if (json) io.stdout.write(`${JSON.stringify(summary(io, run), null, 2)}\n`);
      else if (output.console) io.stdout.write(verdict(io, run));
      await writeReports(io, output, run);
      return exit;
    }
  },
};

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
