import { openProject } from '../../config/project.ts';
import { booleanFlag, type Command, jsonFlag, positionals } from '../command.ts';
import { decisionText, oneLine, paint } from '../paint.ts';
import { openRun } from './open-run.ts';
import { itemLine } from './progress.ts';

export const command: Command = {
  usage: 'RUN [ITEM] [--json]',
  about: `
Prints a report, or one item of it with its facts and expectations. RUN is a folder, an id or \`latest\`.

example: countersign gate show latest`,
  flags: { ...jsonFlag },
  async run(args, io) {
    const [name, id] =
      args.positionals.length > 1 ? positionals(args, ['RUN', 'ITEM']) : positionals(args, ['RUN']);
    const project = await openProject(io.cwd).catch(() => undefined);
    const { statement } = await openRun(io, name, project);
    const { predicate } = statement;
    const items = id === undefined ? predicate.items : predicate.items.filter((item) => item.id === id);
    if (items.length === 0) {
      io.stderr.write(
        `error USAGE: the report has no item \`${id}\`\n  hint: ${predicate.items.map((item) => item.id).join(', ')}\n`,
      );
      return 2;
    }
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify(id === undefined ? statement : items[0], null, 2)}\n`);
      return 0;
    }
    const { stdout } = io;
    stdout.write(`${oneLine(`${predicate.gate.title} on ${predicate.environment.title}`)}\n`);
    stdout.write(
      `${decisionText(stdout, predicate.decision)}  run ${predicate.run.id}, valid until ${predicate.validity.not_after}\n\n`,
    );
    for (const item of items) {
      stdout.write(`${itemLine(stdout, item)}\n`);
      if (id === undefined) continue;
      for (const { text, outcome, operands } of item.attempts.at(-1)?.expectations ?? []) {
        stdout.write(`    ${outcome.padEnd(6)} ${text}\n`);
        for (const operand of operands)
          stdout.write(`           ${paint(stdout, 'dim', `${operand.text} = ${operand.value}`)}\n`);
      }
      const facts = item.attempts.at(-1)?.facts;
      if (facts) stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
    }
    return 0;
  },
};
