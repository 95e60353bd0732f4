import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { openProject } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { writeWhole } from '../../gate/evidence.ts';
import { generateKey } from '../../sign/keys.ts';
import { readPassphrase } from '../../sign/passphrase.ts';
import { booleanFlag, type Command, type Io, jsonFlag, positionals, stringFlag } from '../command.ts';

export const command: Command = {
  usage: 'PERSON --role ROLE [--role ROLE] [--type p256|ed25519] [--out FILE] [--json]',
  about: `
Makes an encrypted private key and prints the entry for checklists/signers.yml. The private key stays with the
person; the entry goes through review like any other change.

example: countersign keys new ada --role release-manager`,
  flags: {
    role: { type: 'string', value: 'ROLE', multiple: true, summary: 'a role of the person; may be repeated' },
    name: { type: 'string', value: 'NAME', summary: 'full name; default: the id' },
    email: {
      type: 'string',
      value: 'MAIL',
      multiple: true,
      summary: 'git identity, to keep authors from approving',
    },
    type: { type: 'string', value: 'TYPE', summary: 'p256 (default) or ed25519' },
    out: { type: 'string', value: 'FILE', summary: 'private key; default .countersign/keys/<person>.pem' },
    'passphrase-file': {
      type: 'string',
      value: 'FILE',
      summary: 'else COUNTERSIGN_PASSPHRASE, else a prompt',
    },
    ...jsonFlag,
  },
  async run(args, io) {
    const [person] = positionals(args, ['PERSON']);
    const project = await openProject(io.cwd);
    const roles = many(args.flags['role']);
    if (!/^[a-z][a-z0-9._-]*$/.test(person))
      throw new CountersignError('USAGE', `\`${person}\` can't be an id: use a-z, 0-9, dot and dash`);
    if (roles.length === 0) throw new CountersignError('USAGE', '--role ROLE is missing');
    for (const role of roles) {
      if (!/^[a-z][a-z0-9-]*$/.test(role))
        throw new CountersignError('USAGE', `\`${role}\` can't be a role: use a-z, 0-9 and dash`);
    }
    const type = stringFlag(args, 'type') ?? 'p256';
    if (type !== 'p256' && type !== 'ed25519')
      throw new CountersignError('USAGE', `--type takes p256 or ed25519, not \`${type}\``);
    const out = resolve(io.cwd, stringFlag(args, 'out') ?? `${project.state}/keys/${person}.pem`);
    if (existsSync(out))
      throw new CountersignError('USAGE', `${relative(io.cwd, out)} exists already`, {
        hint: 'a key is never overwritten; name another file with --out',
      });
    const passphrase = await newPassphrase(io, stringFlag(args, 'passphrase-file'));
    const key = generateKey({ type, passphrase });
    await mkdir(dirname(out), { recursive: true, mode: 0o700 });
    await writeWhole(out, key.privatePem, 0o600);
    const emails = many(args.flags['email']);
    const entry = {
      id: person,
      name: stringFlag(args, 'name') ?? person,
      ...(emails.length > 0 ? { emails } : {}),
      roles,
      keys: [{ id: key.id, public: key.publicPem }],
    };
    if (booleanFlag(args, 'json')) io.stdout.write(`${JSON.stringify({ key: out, entry }, null, 2)}\n`);
    else
      io.stdout.write(
        `# private key: ${relative(io.cwd, out)}\n# add under \`people:\` in checklists/signers.yml:\n${stringify([entry])}`,
      );
    return 0;
  },
};

async function newPassphrase(io: Io, file: string | undefined): Promise<string> {
  const source = { file, env: io.env, ask: io.askSecret };
  const first = await readPassphrase(source, 'new passphrase: ');
  if (file !== undefined || io.env['COUNTERSIGN_PASSPHRASE'] !== undefined) return first;
  if (first !== (await io.askSecret('the same again: ')))
    throw new CountersignError('USAGE', 'the two passphrases differ');
  return first;
}

function many(value: string | boolean | (string | boolean)[] | undefined): string[] {
  return [value].flat().filter((item) => typeof item === 'string');
}
