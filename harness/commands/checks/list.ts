import { KindRegistry } from '../../checks/index.ts';
import { openProject } from '../../config/project.ts';
import { booleanFlag, type Command, jsonFlag, positionals } from '../command.ts';

export const command: Command = {
  usage: '[--json]',
  about: '\nexample: countersign checks list',
  flags: { ...jsonFlag },
  async run(args, io) {
    positionals(args, []);
    const { kinds } = await openProject(io.cwd).catch(() => ({ kinds: new KindRegistry() }));
    const all = await Promise.all(kinds.names.map((name) => kinds.load(name)));
    if (booleanFlag(args, 'json')) {
      io.stdout.write(
        `${JSON.stringify(
          all.map(({ kind, summary, effects, expect }) => ({ kind, summary, effects, expect })),
          null,
          2,
        )}\n`,
      );
    } else {
      for (const { kind, summary, effects } of all)
        io.stdout.write(`${kind.padEnd(12)} ${effects.padEnd(7)} ${summary}\n`);
    }
    return 0;
  },
};
