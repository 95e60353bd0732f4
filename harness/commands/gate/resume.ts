import { resumeGate } from '../../gate/resume.ts';
import { type Command, jsonFlag, listFlag, positionals } from '../command.ts';
import { drive, signFlag } from './drive.ts';
import { reportFlags } from './report-output.ts';
import { whoFlag, whoSays } from './who.ts';

export const command: Command = {
  usage: 'RUN [--repeat ITEM]… [--give-up ITEM]… [--as WHO] [--sign] [--json]',
  about: `
Goes on with a run whose runner was killed or interrupted. What is done is not done again; what was being
measured is measured anew. An item that writes and was cut off is never run again by itself: look whether
it took effect, then say which. RUN is an id, a folder, or \`latest\`.

Time while no runner was at work does not count against the deadline of the gate; time before does.
Gate, environment, signers, commit and local stack have to be those of the beginning.

example: countersign gate resume latest`,
  flags: {
    repeat: {
      type: 'string',
      value: 'ITEM',
      multiple: true,
      summary: 'run an item again that writes and was cut off',
    },
    'give-up': { type: 'string', value: 'ITEM', multiple: true, summary: 'count it as an error instead' },
    ...whoFlag,
    ...signFlag,
    ...reportFlags,
    ...jsonFlag,
  },
  run(args, io) {
    const [run] = positionals(args, ['RUN']);
    const [repeat, giveUp] = [listFlag(args, 'repeat'), listFlag(args, 'give-up')];
    return drive(args, io, async (runner) =>
      resumeGate({
        ...runner,
        run,
        cwd: io.cwd,
        repeat,
        giveUp,
        who: await whoSays(args, runner.project.root),
      }),
    );
  },
};
