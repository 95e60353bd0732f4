import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openProject } from '../../config/project.ts';
import { REHEARSAL_SIGNERS } from '../../gate/rehearsal.ts';
import { declared } from '../../gate/signers-in-use.ts';
import { trustedKeys } from '../../sign/trust.ts';
import { booleanFlag, type Command, jsonFlag, positionals, stringFlag } from '../command.ts';

export const command: Command = {
  usage: '[--signers FILE] [--json]',
  about: '\nexample: countersign keys list',
  flags: {
    signers: {
      type: 'string',
      value: 'FILE',
      summary: 'default: checklists/signers.yml and the rehearsal keys',
    },
    ...jsonFlag,
  },
  async run(args, io) {
    positionals(args, []);
    const project = await openProject(io.cwd);
    const named = stringFlag(args, 'signers');
    const files = named
      ? [named]
      : ['checklists/signers.yml', REHEARSAL_SIGNERS].filter((file) => existsSync(join(project.root, file)));
    const rows = [];
    for (const file of files) {
      const { signers } = await declared(project, file);
      trustedKeys(signers);
      for (const { id, name, roles, keys } of signers.people) {
        for (const key of keys) {
          rows.push({
            person: id,
            name,
            roles,
            key: key.id,
            rehearsal: signers.rehearsal === true,
            revoked_at: key.revoked_at ?? null,
            not_after: key.not_after ?? null,
            file,
          });
        }
      }
    }
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      return 0;
    }
    for (const { person, roles, key, rehearsal, revoked_at } of rows) {
      const notes = [rehearsal ? 'rehearsal only' : '', revoked_at ? `revoked ${revoked_at}` : '']
        .filter(Boolean)
        .join(', ');
      io.stdout.write(
        `${person.padEnd(28)} ${roles.join(', ').padEnd(24)} ${key}${notes ? `  (${notes})` : ''}\n`,
      );
    }
    if (rows.length === 0) io.stdout.write('no keys yet: `countersign keys new PERSON --role ROLE`\n');
    return 0;
  },
};
