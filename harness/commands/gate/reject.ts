import type { Command } from '../command.ts';
import { speak, speakFlags, textFlag } from './speak.ts';

export const command: Command = {
  usage: 'RUN --as PERSON --reason TEXT [--key FILE] [--json]',
  about: `
Says no to a report, with a signed statement in its journal: from then on the gate reads NO_GO, whatever was measured,
and nobody signs it. Whoever has a role that the gate asks for may reject, authors included. It is not taken back: run
the gate again.

example: countersign gate reject latest --as grace --reason "the totals were read before the batch ended"`,
  flags: {
    ...speakFlags,
    reason: { type: 'string', value: 'TEXT', summary: 'why; it stands in the report' },
  },
  run: (args, io) => speak(args, io, { type: 'rejection', reason: textFlag(args, 'reason') }),
};
