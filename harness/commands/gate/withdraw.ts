import { booleanFlag, type Command } from '../command.ts';
import { speak, speakFlags, textFlag } from './speak.ts';

export const command: Command = {
  usage: 'RUN --as PERSON [--go] --reason TEXT [--key FILE] [--json]',
  about: `
Takes one's own approval back: the signature stays in the envelope and no longer counts, and somebody else of that role
may sign. With --go the whole GO is withdrawn, by anybody with a role that the gate asks for: \`gate verify\` still judges
as of the signing time and says so, \`gate verify --for deploy\` refuses, and nobody signs it any more.

example: countersign gate withdraw latest --as ada --go --reason "the supplier announced an outage"`,
  flags: {
    ...speakFlags,
    go: { type: 'boolean', summary: "withdraw the GO, not only one's own approval" },
    reason: { type: 'string', value: 'TEXT', summary: 'why; it stands in the report' },
  },
  run: (args, io) =>
    speak(args, io, {
      type: 'withdrawal',
      of: booleanFlag(args, 'go') ? 'go' : 'approval',
      reason: textFlag(args, 'reason'),
    }),
};
