import { abortRun } from '../../gate/abort.ts';
import { booleanFlag, type Command, jsonFlag, positionals } from '../command.ts';
import { drive } from './drive.ts';
import { reportFlags } from './report-output.ts';
import { whoFlag, whoSays } from './who.ts';

export const command: Command = {
  usage: 'RUN [--undo] [--as WHO] [--json]',
  about: `
Ends a run that was interrupted, or that still runs, for good: what did not end is an error, its report is
written, and it can not be gone on with. With --undo what was done is taken back first, the last thing
first. RUN is an id, a folder, or \`latest\`.

example: countersign gate abort latest --undo`,
  flags: {
    undo: { type: 'boolean', summary: 'take back what the items with an undo did' },
    ...whoFlag,
    ...reportFlags,
    ...jsonFlag,
  },
  run(args, io) {
    const [run] = positionals(args, ['RUN']);
    return drive(args, io, async (runner) =>
      abortRun({
        ...runner,
        run,
        cwd: io.cwd,
        undo: booleanFlag(args, 'undo'),
        who: await whoSays(args, runner.project.root),
      }),
    );
  },
};
