import { resolve } from 'node:path';
import {
  checkChain,
  checkSigned,
  readUnchecked,
  type SignedSigners,
  unsigned,
} from '../../sign/signers-file.ts';
import { sha256 } from '../../sign/statement.ts';
import { booleanFlag, type Command, jsonFlag, positionals, stringFlag } from '../command.ts';

export const command: Command = {
  usage: 'FILE [--previous OLD] [--json]',
  about: `
Checks that enough different people of the signers file before it have signed FILE. With --previous OLD, a file that
you trust, only that step; without, the whole chain that is kept beside FILE, down to the first file: compare its digest
with one that you trust, since nobody can compute whether to believe that one. exit code 4 where signatures lack.

example: countersign keys verify-signers checklists/signers.yml --previous /tmp/trusted-signers.yml`,
  flags: {
    previous: { type: 'string', value: 'OLD', summary: 'the file before, from a place that you trust' },
    ...jsonFlag,
  },
  async run(args, io) {
    const [shown] = positionals(args, ['FILE']);
    const old = stringFlag(args, 'previous');
    const before = old === undefined ? undefined : { path: resolve(io.cwd, old), shown: old };
    const chain = await verified({ path: resolve(io.cwd, shown), shown }, before);
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify(chain, null, 2)}\n`);
      return 0;
    }
    for (const { file, sha256: digest, people, threshold, at, previous } of chain) {
      io.stdout.write(`${file}  SHA-256 ${digest}\n`);
      io.stdout.write(`  signed by ${people.join(', ')} (${threshold} needed), ${at}\n`);
      if (!previous) io.stdout.write('  the first file: trust it only if you know this digest\n');
    }
    return 0;
  },
};

interface Named {
  path: string;
  shown: string;
}

async function verified({ path, shown }: Named, old: Named | undefined): Promise<SignedSigners[]> {
  const file = await readUnchecked(path, shown);
  const { previous, threshold } = file.parsed;
  if (threshold === undefined) throw unsigned('it has no `threshold`: nobody signs it', shown);
  if (!old) return checkChain(path, file, shown);
  const before = await readUnchecked(old.path, old.shown);
  if (previous !== sha256(before.bytes))
    throw unsigned(`the file before it is ${previous ?? 'none: it is the first'}, not ${old.shown}`, shown);
  return [await checkSigned(path, file, shown, before)];
}
