import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { openProject } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { writeWhole } from '../../gate/evidence.ts';
import type { Signer } from '../../sign/keys.ts';
import { keptFile, readUnchecked, signaturesOf } from '../../sign/signers-file.ts';
import {
  type CountedSigners,
  countSignersSignatures,
  signSigners,
  subjectOf,
} from '../../sign/signers-statement.ts';
import { sha256 } from '../../sign/statement.ts';
import type { SignersFile } from '../../sign/verify.ts';
import { systemClock } from '../clock.ts';
import { booleanFlag, type Command, jsonFlag, positionals, stringFlag } from '../command.ts';
import { personFlags, speaker } from '../gate/sign.ts';

export const command: Command = {
  usage: 'FILE --as PERSON [--previous OLD] [--key FILE] [--json]',
  about: `
Adds one person's signature over a signers file, in FILE.dsse.json. Its \`threshold\` says how many people must sign
the next one; \`previous\` is the SHA-256 of the file before it, whose people sign this one. The first file is signed by
its own people. With --previous OLD the file before, and its signatures, are kept beside FILE.

example: countersign keys sign-signers checklists/signers.yml --as ada --previous /tmp/old-signers.yml`,
  flags: {
    ...personFlags,
    previous: {
      type: 'string',
      value: 'OLD',
      summary: 'the file before; default: as it is kept beside FILE',
    },
    ...jsonFlag,
  },
  async run(args, io) {
    const [shown] = positionals(args, ['FILE']);
    const path = resolve(io.cwd, shown);
    const project = await openProject(io.cwd);
    const file = await readUnchecked(path, shown);
    if (file.parsed.threshold === undefined) {
      throw new CountersignError(
        'CONFIG_INVALID',
        'it has no `threshold`, so its signatures would mean nothing',
        {
          where: { file: shown },
          hint: 'add `threshold: N`: how many of its people must sign the next one',
        },
      );
    }
    const old = stringFlag(args, 'previous');
    const before = await fileBefore({ path, shown, file }, old && resolve(io.cwd, old), old);
    const { person, signer } = await speaker(args, io, project.state);
    refuseStranger(before ?? file, person, signer, before ? 'the file before it' : shown);
    const counted = await addSignature({ path, shown, file, before }, signer, person);
    const missing = Math.max(0, counted.threshold - counted.people.length);
    if (booleanFlag(args, 'json')) {
      io.stdout.write(
        `${JSON.stringify({ file: shown, sha256: sha256(file.bytes), ...counted, missing }, null, 2)}\n`,
      );
    } else {
      const signatures = relative(io.cwd, signaturesOf(path));
      io.stdout.write(`signed by ${counted.people.join(', ')}: ${signatures}\n`);
      io.stdout.write(
        missing > 0 ? `still to sign: ${missing} of ${counted.threshold}\n` : 'enough people have signed\n',
      );
    }
    return 0;
  },
};

interface Target {
  path: string;
  shown: string;
  file: SignersFile;
  before?: SignersFile | undefined;
}

/** Finds the file before, and keeps it beside the new one: verifying a chain needs all of it. */
async function fileBefore(
  { path, shown, file }: Target,
  old: string | undefined,
  shownOld: string | undefined,
): Promise<SignersFile | undefined> {
  const { previous } = file.parsed;
  if (previous === undefined) {
    if (old === undefined) return undefined;
    throw new CountersignError('USAGE', `${shown} names no \`previous\` file`, {
      hint: `add \`previous: ${sha256((await readUnchecked(old, shownOld ?? old)).bytes)}\``,
    });
  }
  const kept = keptFile(path, previous);
  const before = await readUnchecked(old ?? kept, shownOld ?? keptFile(shown, previous));
  if (sha256(before.bytes) !== previous) {
    throw new CountersignError('USAGE', `${shownOld ?? kept} is not the \`previous\` file`, {
      hint: `its SHA-256 is ${sha256(before.bytes)}, and ${shown} names ${previous}`,
    });
  }
  await writeWhole(kept, before.bytes);
  const signatures =
    (await signaturesFor(signaturesOf(path), previous)) ??
    (old ? await signaturesFor(signaturesOf(old), previous) : undefined);
  if (signatures) await writeWhole(signaturesOf(kept), signatures);
  return before;
}

/** A file of signatures, if it is about just this signers file. */
async function signaturesFor(path: string, digest: string): Promise<Buffer | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes && subjectOf(bytes) === digest ? bytes : undefined;
}

function refuseStranger({ parsed }: SignersFile, id: string, signer: Signer, where: string): void {
  const person = parsed.people.find((one) => one.id === id);
  if (!person) throw new CountersignError('SIGNING_REFUSED', `${id} is nobody in ${where}`);
  if (!person.keys.some((key) => key.id === signer.keyid))
    throw new CountersignError('KEY_UNKNOWN', `the key is not one of ${id} in ${where}`);
  if (signer.unprotected)
    throw new CountersignError('SIGNING_REFUSED', 'a key without a passphrase signs rehearsals only');
}

async function addSignature(target: Target, signer: Signer, person: string): Promise<CountedSigners> {
  const { path, file, before } = target;
  const about = { digest: sha256(file.bytes), previous: file.parsed.previous };
  const judge = (before ?? file).parsed;
  const existing = await signaturesFor(signaturesOf(path), about.digest);
  if (existing && countSignersSignatures(existing, about, judge).people.includes(person))
    throw new CountersignError('SIGNING_REFUSED', `${person} has signed this file already`);
  const bytes = await signSigners(signer, about, systemClock.now(), existing);
  const counted = countSignersSignatures(bytes, about, judge);
  await writeWhole(signaturesOf(path), bytes);
  return counted;
}
