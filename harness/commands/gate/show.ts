import { openProject } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import type { ItemReport } from '../../report/schema.ts';
import { booleanFlag, type Command, jsonFlag, positionals, stringFlag, type Terminal } from '../command.ts';
import { decisionText, oneLine, paint } from '../paint.ts';
import { openRun } from './open-run.ts';
import { itemLine } from './progress.ts';
import { reportFlags, reportOutput, writeReports } from './report-output.ts';
import { type Spoken, saidLine, saidOf, stoppedBy } from './said-of.ts';

export const command: Command = {
  usage: 'RUN [ITEM] [--report LIST] [--json]',
  about: `
Prints a report, or one item of it with its facts and expectations. RUN is a folder, an id or \`latest\`. What shows
who signed (html) is made only of signatures that verify.

example: countersign gate show latest --report junit,markdown,html --report-dir out`,
  flags: {
    ...reportFlags,
    signers: { type: 'string', value: 'FILE', summary: "signers file; default: the environment's own" },
    ...jsonFlag,
  },
  async run(args, io) {
    const [name, id] =
      args.positionals.length > 1 ? positionals(args, ['RUN', 'ITEM']) : positionals(args, ['RUN']);
    const output = reportOutput(args, io);
    if (id !== undefined && output.formats.length > 0)
      throw new CountersignError('USAGE', '--report is for a whole report, not for one item');
    const project = await openProject(io.cwd).catch(() => undefined);
    const run = await openRun(io, name, project);
    const { predicate } = run.statement;
    const items = id === undefined ? predicate.items : predicate.items.filter((item) => item.id === id);
    if (items.length === 0) {
      io.stderr.write(
        `error USAGE: the report has no item \`${id}\`\n  hint: ${predicate.items.map((item) => item.id).join(', ')}\n`,
      );
      return 2;
    }
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify(id === undefined ? run.statement : items[0], null, 2)}\n`);
      return 0;
    }
    if (output.console) {
      const { stdout } = io;
      const spoken = await saidOf(io, run, stringFlag(args, 'signers'));
      stdout.write(`${oneLine(`${predicate.gate.title} on ${predicate.environment.title}`)}\n`);
      stdout.write(
        `${decisionText(stdout, predicate.decision)}${stoppedBy(spoken.said)}  run ${predicate.run.id}, valid until ${predicate.validity.not_after}\n\n`,
      );
      if (id === undefined) stdout.write(inLines(spoken));
      for (const item of items) {
        stdout.write(`${itemLine(stdout, item)}\n`);
        if (id !== undefined) showDetails(stdout, item);
      }
    }
    await writeReports(io, output, run, stringFlag(args, 'signers'));
    return 0;
  },
};

/** Expectations with the values that they read, then all facts. */
function showDetails(stdout: Terminal, { attempts }: ItemReport): void {
  for (const { text, outcome, operands } of attempts.at(-1)?.expectations ?? []) {
    stdout.write(`    ${outcome.padEnd(6)} ${text}\n`);
    for (const operand of operands)
      stdout.write(`           ${paint(stdout, 'dim', `${operand.text} = ${operand.value}`)}\n`);
  }
  const facts = attempts.at(-1)?.facts;
  if (facts) stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
}

/** What people said stands before what was measured: it may turn the decision above around. */
function inLines({ said, problem }: Spoken): string {
  const lines = [...said.map(saidLine), ...(problem ? [problem] : [])];
  return lines.length > 0 ? `${lines.map((line) => `  ${oneLine(line)}\n`).join('')}\n` : '';
}
