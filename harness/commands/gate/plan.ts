import { findGateFile, openProject } from '../../config/project.ts';
import { type LoadedItem, loadGate } from '../../gate/load.ts';
import { booleanFlag, type Command, jsonFlag, positionals, stringFlag } from '../command.ts';
import { paint } from '../paint.ts';

export const command: Command = {
  usage: 'GATE [--env NAME] [--json]',
  about: `
Items of one step run at once; each step waits for the one before only where an item needs it.

example: countersign gate plan staging-dry-run`,
  flags: {
    env: { type: 'string', value: 'NAME', summary: "environment, instead of the gate's own" },
    ...jsonFlag,
  },
  async run(args, io) {
    const [name] = positionals(args, ['GATE']);
    const project = await openProject(io.cwd);
    const gate = await loadGate(project, await findGateFile(project.root, io.cwd, name), {
      environment: stringFlag(args, 'env'),
    });
    const steps = gate.levels.map((ids) => gate.items.filter(({ id }) => ids.includes(id)));
    if (booleanFlag(args, 'json')) {
      const plain = steps.map((items) =>
        items.map(({ id, title, check, attest, needs, expectations, watch, undo, cutover, at, fresh }) => ({
          id,
          title,
          ...(check ? { check, expect: expectations } : { attest: attest?.role }),
          needs,
          ...(watch ? { watch } : {}),
          ...(undo ? { undo } : {}),
          ...(cutover ? { cutover } : {}),
          ...(at ? { at } : {}),
          ...(fresh ? { fresh } : {}),
        })),
      );
      io.stdout.write(
        `${JSON.stringify({ gate: gate.gate.gate, environment: gate.gate.environment, steps: plain }, null, 2)}\n`,
      );
      return 0;
    }
    io.stdout.write(`${gate.gate.title} on ${gate.gate.environment}\n`);
    for (const [index, items] of steps.entries()) {
      io.stdout.write(`\n${paint(io.stdout, 'bold', `step ${index + 1}`)}\n`);
      for (const item of items) {
        const { id, title, check, attest } = item;
        const how = check ?? `attested by ${attest?.role}`;
        const more = asks(item).map((text) => `  ${text}`);
        io.stdout.write(
          `  ${id.padEnd(28)} ${how.padEnd(14)} ${title}${paint(io.stdout, 'dim', more.join(''))}\n`,
        );
      }
    }
    const signers = gate.gate.sign.require.map(({ role, count = 1 }) =>
      count > 1 ? `${count} × ${role}` : role,
    );
    io.stdout.write(`\nsigned by ${signers.join(', ')}\n`);
    return 0;
  },
};

/** What an item asks for besides its measurement, each in a few words. */
function asks({ needs, watch, undo, cutover, at, fresh }: LoadedItem): string[] {
  return [
    ...(needs.length > 0 ? [`after ${needs.join(', ')}`] : []),
    ...(cutover ? ['THE CUTOVER'] : []),
    ...(at ? ['at the cutover'] : []),
    ...(watch ? [`watched ${watch.for}, each ${watch.every}`] : []),
    ...(fresh ? [`at most ${fresh.within} old at the ${fresh.at === 'sign' ? 'signature' : 'cutover'}`] : []),
    ...(undo ? [`undone by ${undo.check}`] : []),
  ];
}
