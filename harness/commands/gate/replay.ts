import { openProject } from '../../config/project.ts';
import type { Difference } from '../../gate/difference.ts';
import { type Replay, type ReplayedItem, replay } from '../../gate/replay.ts';
import { booleanFlag, type Command, jsonFlag, positionals, type Terminal } from '../command.ts';
import { decisionText, oneLine, paint } from '../paint.ts';
import { openRun } from './open-run.ts';

export const command: Command = {
  usage: 'RUN [--json]',
  about: `
Judges every stored fact again, by the gate and the types of facts that lie in the run: states, expectations with their
operands, reasons and decision, and compares them with the report byte for byte. It asks no network, runs no check, and
says nothing about signatures: \`countersign gate verify\` does. Of a report by another version every verdict has to be
the same, though its words may not be. exit codes: 0 the same, 4 the report does not say what its facts give.

example: countersign gate replay latest`,
  flags: { ...jsonFlag },
  async run(args, io) {
    const [name] = positionals(args, ['RUN']);
    const project = await openProject(io.cwd).catch(() => undefined);
    const { folder } = await openRun(io, name, project);
    const replayed = await replay(folder);
    const exit = replayed.same || replayed.wordedBy !== undefined ? 0 : 4;
    if (booleanFlag(args, 'json')) io.stdout.write(`${JSON.stringify(document(replayed), null, 2)}\n`);
    else io.stdout.write(lines(io.stdout, replayed));
    return exit;
  },
};

function document({ statement, same, wordedBy, decision, items, differences }: Replay) {
  const flat = (found: readonly Difference[]) =>
    found.map(({ path, before, after }) => ({ path: path.join('.'), report: before, facts: after }));
  return {
    run: statement.predicate.run.id,
    same,
    worded_by: wordedBy ?? null,
    decision,
    items: items.map(({ differences: found, ...item }) => ({ ...item, differences: flat(found) })),
    differences: flat(differences),
  };
}

function lines(terminal: Terminal, replayed: Replay): string {
  const { items, differences, wordedBy } = replayed;
  const shown = wordedBy === undefined ? items : items.map((item) => ({ ...item, differences: [] }));
  const rest = wordedBy === undefined ? differences.map((difference) => wrong(terminal, difference)) : [];
  return [
    ...shown.map((item) => itemLines(terminal, item)),
    ...rest,
    `\n${ending(terminal, replayed)}\n`,
  ].join('');
}

function ending(terminal: Terminal, { statement, same, wordedBy, decision, items }: Replay): string {
  const given = decisionText(terminal, decision);
  if (same) return `${given}, as the report says: the same bytes`;
  if (wordedBy !== undefined) {
    const count = items.reduce((sum, item) => sum + item.differences.length, 0);
    return `${given}, as the report says: the same verdicts; version ${oneLine(wordedBy)} worded ${count} things otherwise`;
  }
  const said = decisionText(terminal, statement.predicate.decision);
  return `the facts give ${given}, the report says ${said}, and the two are not the same`;
}

function itemLines(terminal: Terminal, item: ReplayedItem): string {
  const { id, state, measurements, told, differences } = item;
  const mark =
    differences.length === 0 ? paint(terminal, 'green', '✓ same   ') : paint(terminal, 'red', '✗ differs');
  const judged = `${measurements} judged again${told ? ', the reason is as the runner told it' : ''}`;
  const head = `${mark}  ${state.padEnd(9)}  ${oneLine(id).padEnd(22)}  ${paint(terminal, 'dim', judged)}\n`;
  return head + differences.map((difference) => wrong(terminal, difference)).join('');
}

function wrong(terminal: Terminal, { path, before, after }: Difference): string {
  const show = (value: unknown) => oneLine(JSON.stringify(value) ?? 'nothing').slice(0, 200);
  return `    ${oneLine(path.join('.'))}: the report says ${paint(terminal, 'red', show(before))}, the facts give ${paint(terminal, 'green', show(after))}\n`;
}
