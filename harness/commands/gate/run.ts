import { runGate } from '../../gate/session.ts';
import { type Command, integerFlag, jsonFlag, positionals, stringFlag } from '../command.ts';
import { drive, signFlag } from './drive.ts';
import { reportFlags } from './report-output.ts';

export const command: Command = {
  usage: 'GATE [--env NAME] [--sign] [--report LIST] [--json]',
  about: `
Runs every item of a gate, as far as one needs another in order, and writes the run folder
.countersign/runs/<id>/ with journal, evidence and report. GATE is an id or a file.

example: countersign gate run staging-dry-run --env local --sign`,
  flags: {
    env: { type: 'string', value: 'NAME', summary: "environment, instead of the gate's own" },
    ...signFlag,
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
  run(args, io) {
    const [gate] = positionals(args, ['GATE']);
    return drive(args, io, (runner) =>
      runGate({
        ...runner,
        gate,
        cwd: io.cwd,
        environment: stringFlag(args, 'env'),
        requester: stringFlag(args, 'requester'),
        rehearse: integerFlag(args, 'rehearse', { min: 1, max: 1_000 }),
      }),
    );
  },
};
