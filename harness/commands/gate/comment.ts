import type { Command } from '../command.ts';
import { speak, speakFlags, textFlag } from './speak.ts';

export const command: Command = {
  usage: 'RUN --as PERSON --text TEXT [--key FILE] [--json]',
  about: `
Adds a signed remark to a report. It changes no decision. Everybody in the signers file may comment.

example: countersign gate comment latest --as ada --text "the retry of smoke was a cold cache"`,
  flags: {
    ...speakFlags,
    text: { type: 'string', value: 'TEXT', summary: 'the remark; it stands in the report' },
  },
  run: (args, io) => speak(args, io, { type: 'comment', text: textFlag(args, 'text') }),
};
