import { CountersignError } from '../../errors.ts';
import { systemClock } from '../clock.ts';
import { type Arguments, type Command, positionals, stringFlag } from '../command.ts';
import { speak, speakFlags, textFlag } from './speak.ts';

export const command: Command = {
  usage: 'RUN KEYID --as PERSON [--at TIME] --reason TEXT [--key FILE] [--json]',
  about: `
Revokes a key for this run: what it signed at TIME or later counts no more. Its owner may, with another key of theirs,
and whoever has a role that the gate asks for. For every later run, put \`revoked_at\` into the signers file too.

example: countersign gate revoke latest SHA256:8Tn0… --as grace --reason "the laptop was stolen"`,
  flags: {
    ...speakFlags,
    at: {
      type: 'string',
      value: 'TIME',
      summary: 'RFC 3339 in UTC, such as 2026-11-25T09:00:00Z; default now',
    },
    reason: { type: 'string', value: 'TEXT', summary: 'why; it stands in the report' },
  },
  async run(args, io) {
    const [run, revoked] = positionals(args, ['RUN', 'KEYID']);
    if (!/^SHA256:[A-Za-z0-9+/]{43}$/.test(revoked)) {
      throw new CountersignError('USAGE', `\`${revoked}\` is not the id of a key`, {
        hint: '`countersign keys list` shows the ids',
      });
    }
    const revoked_at = momentFlag(args);
    const reason = textFlag(args, 'reason');
    return speak(args, io, { type: 'revocation', revoked_key: revoked, revoked_at, reason }, [run]);
  },
};

function momentFlag(args: Arguments): string {
  const text = stringFlag(args, 'at');
  if (text === undefined) return systemClock.now().toISOString();
  const moment = new Date(text);
  const real = !Number.isNaN(moment.getTime()) && moment.toISOString().slice(0, 19) === text.slice(0, 19);
  if (real && /^[^.]{19}(\.\d{1,3})?Z$/.test(text)) return moment.toISOString();
  throw new CountersignError(
    'USAGE',
    `--at takes a time in UTC such as 2026-11-25T09:00:00Z, not \`${text}\``,
  );
}
