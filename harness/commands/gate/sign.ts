import { resolve } from 'node:path';
import { openProject } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { signerFromFile } from '../../sign/passphrase.ts';
import { signReport } from '../../sign/sign.ts';
import { witnessOf } from '../../sign/witness.ts';
import {
  type Arguments,
  booleanFlag,
  type Command,
  type Io,
  jsonFlag,
  positionals,
  stringFlag,
} from '../command.ts';
import { openRun, verification } from './open-run.ts';

/** Flags of every command in which a person speaks. */
export const personFlags = {
  as: { type: 'string', value: 'PERSON', summary: 'id of the person in the signers file' },
  key: { type: 'string', value: 'FILE', summary: 'private key; default .countersign/keys/<person>.pem' },
  'passphrase-file': { type: 'string', value: 'FILE', summary: 'else COUNTERSIGN_PASSPHRASE, else a prompt' },
} as const;

export const command: Command = {
  usage: 'RUN --as PERSON [--key FILE] [--tsa URL] [--tlog URL] [--json]',
  about: `
Adds one person's signature over the report, after checking all that the signature relies on: evidence, journal,
verdict and role. RUN is a folder, an id or \`latest\`.

example: countersign gate sign latest --as ada`,
  flags: {
    ...personFlags,
    signers: { type: 'string', value: 'FILE', summary: "signers file; default: the environment's own" },
    tlog: {
      type: 'string',
      value: 'URL',
      summary: 'Rekor log that is shown the report; default COUNTERSIGN_TLOG',
    },
    tsa: {
      type: 'string',
      value: 'URL',
      summary: 'time-stamp authority to ask; default COUNTERSIGN_TSA',
    },
    ...jsonFlag,
  },
  async run(args, io) {
    const [name] = positionals(args, ['RUN']);
    const project = await openProject(io.cwd);
    const witness = witnessOf({
      tlog: stringFlag(args, 'tlog') ?? io.env['COUNTERSIGN_TLOG'],
      tsa: stringFlag(args, 'tsa') ?? io.env['COUNTERSIGN_TSA'],
    });
    const run = await openRun(io, name, project);
    const { person, signer } = await speaker(args, io, project.state);
    const signed = await signReport({
      ...(await verification(io, run, stringFlag(args, 'signers'))),
      person,
      signer,
      witness,
    });
    const missing = signed.count.missing.map(({ role, count }) => (count > 1 ? `${count} × ${role}` : role));
    if (booleanFlag(args, 'json')) {
      const { roles, keyid } = signed;
      io.stdout.write(
        `${JSON.stringify({ person, keyid, roles, missing: signed.count.missing }, null, 2)}\n`,
      );
    } else {
      const as = signed.roles.join(', ') || 'nobody new: their role had signed already';
      io.stdout.write(`signed by ${person} as ${as}\n`);
      io.stdout.write(
        missing.length > 0 ? `still to sign: ${missing.join(', ')}\n` : 'every role has signed\n',
      );
    }
    return 0;
  },
};

/** Who speaks, and with which key. */
export async function speaker(args: Arguments, io: Io, state: string) {
  const person = stringFlag(args, 'as');
  if (person === undefined) throw new CountersignError('USAGE', '--as PERSON is missing');
  if (!/^[a-z][a-z0-9._-]*$/.test(person))
    throw new CountersignError('USAGE', `\`${person}\` is not the id of a person`);
  const key = resolve(io.cwd, stringFlag(args, 'key') ?? `${state}/keys/${person}.pem`);
  const signer = await signerFromFile(key, {
    file: stringFlag(args, 'passphrase-file'),
    env: io.env,
    ask: io.askSecret,
  });
  return { person, signer };
}
