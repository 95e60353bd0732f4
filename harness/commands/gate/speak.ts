import { openProject } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import type { Words } from '../../sign/said/schema.ts';
import { sayingsOf, withdrawalsOfGo } from '../../sign/said/standing.ts';
import { type SayOptions, type SayResult, sayAbout } from '../../sign/say.ts';
import { type Arguments, booleanFlag, type Io, jsonFlag, positionals, stringFlag } from '../command.ts';
import { oneLine } from '../paint.ts';
import { openRun, verification } from './open-run.ts';
import { personFlags, speaker } from './sign.ts';
import { tell } from './tell.ts';

/** Flags of every command with which a person says something about a report. */
export const speakFlags = {
  ...personFlags,
  signers: { type: 'string', value: 'FILE', summary: "signers file; default: the environment's own" },
  ...jsonFlag,
} as const;

const longestText = 4_000;

/** Text of the speaker's own, from a flag: what stands in a signed statement for ever has to say something. */
export function textFlag(args: Arguments, name: string): string {
  const text = stringFlag(args, name)?.trim();
  if (text === undefined) throw new CountersignError('USAGE', `--${name} TEXT is missing`);
  if (text === '') throw new CountersignError('USAGE', `--${name} is empty`);
  if (text.length > longestText) {
    throw new CountersignError(
      'USAGE',
      `--${name} has ${text.length} characters; the most is ${longestText}`,
      {
        hint: 'say the gist, and where the rest can be read',
      },
    );
  }
  return text;
}

/** Signs what a person says about RUN, writes it to the journal, and prints what follows from it. */
export async function speak(
  args: Arguments,
  io: Io,
  words: SayOptions['words'],
  [name] = positionals(args, ['RUN']),
): Promise<number> {
  const project = await openProject(io.cwd);
  const run = await openRun(io, name, project);
  const { person, signer } = await speaker(args, io, project.state);
  const said = await sayAbout({
    ...(await verification(io, run, stringFlag(args, 'signers'))),
    person,
    signer,
    words,
  });
  if (words.type === 'rejection') {
    const rejected = { by: said.saying.name, reason: words.reason };
    await tell(io, project, run.statement, { event: 'rejected', missing: [], rejected });
  }
  const { missing } = said.standing;
  const rejected = sayingsOf(said.standing.said, 'rejection').length > 0;
  const withdrawn = withdrawalsOfGo(said.standing.said).length > 0;
  if (booleanFlag(args, 'json')) {
    const { line, at, key } = said.saying;
    const answer = { type: words.type, person, key, at, line, rejected, withdrawn, missing };
    io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
    return 0;
  }
  io.stdout.write(`${oneLine(described(words, said))}\n`);
  io.stdout.write(
    `${rejected || withdrawn ? 'nobody can sign it any more: run the gate again' : stillOpen(missing)}\n`,
  );
  return 0;
}

function described(words: Words, { saying: { name, line } }: SayResult): string {
  const place = `line ${line} of the journal`;
  switch (words.type) {
    case 'rejection':
      return `rejected by ${name} (${place}): the gate reads NO_GO`;
    case 'withdrawal':
      return words.of === 'go'
        ? `the GO is withdrawn by ${name} (${place}): it releases nothing`
        : `${name} took the approval back (${place}): it no longer counts`;
    case 'revocation':
      return `key ${words.revoked_key} is revoked as of ${words.revoked_at}, says ${name} (${place})`;
    default:
      return `${name} said so (${place})`;
  }
}

function stillOpen(missing: SayResult['standing']['missing']): string {
  if (missing.length === 0) return 'every role has signed';
  return `still to sign: ${missing.map(({ role, count }) => (count > 1 ? `${count} × ${role}` : role)).join(', ')}`;
}
