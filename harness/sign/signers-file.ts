import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { validateYaml } from '../config/validate.ts';
import { parseYaml, readYamlBytes } from '../config/yaml.ts';
import { CountersignError } from '../errors.ts';
import { type Signers, SignersSchema } from './signers.ts';
import { type CountedSigners, countSignersSignatures } from './signers-statement.ts';
import { sha256 } from './statement.ts';
import type { SignersFile } from './verify/finding.ts';

/** Nobody changes the people more often than this. */
const longestChain = 1_000;

/** Beside the file: the signatures over its digest. */
export function signaturesOf(file: string): string {
  return `${file}.dsse.json`;
}

/** Where the file before this one is kept: beside it, named by its digest. */
export function keptFile(file: string, digest: string): string {
  const name = basename(file).replace(/(\.[0-9a-f]{12})?\.ya?ml$/, '');
  return join(dirname(file), `${name}.${digest.slice(0, 12)}.yml`);
}

/** The bytes and what they say. */
export interface ReadSigners extends SignersFile {
  bytes: Buffer;
}

/** A signers file that may be relied on: one with a `threshold` must be signed, and so must all before it. */
export async function readSignersFile(path: string, shown: string): Promise<ReadSigners> {
  const file = await readUnchecked(path, shown);
  if (file.parsed.threshold !== undefined) await checkChain(path, file, shown);
  return file;
}

/** The file as it is. Whoever relies on it takes `readSignersFile`. */
export async function readUnchecked(path: string, shown: string): Promise<ReadSigners> {
  const bytes = await readYamlBytes(path, shown);
  const parsed = validateYaml(SignersSchema, parseYaml(bytes, shown));
  const { threshold, previous, people } = parsed;
  const problem =
    previous !== undefined && threshold === undefined
      ? 'it names a `previous` file and has no `threshold`'
      : threshold !== undefined && threshold > people.length
        ? `its threshold of ${threshold} is more than its ${people.length} people`
        : undefined;
  if (problem) throw new CountersignError('CONFIG_INVALID', problem, { where: { file: shown } });
  return { bytes, parsed };
}

/** One file of a chain, and who signed it. */
export interface SignedSigners extends CountedSigners {
  file: string;
  sha256: string;
  /** Absent for the first file, which its own people sign: whether to trust that one nobody can compute. */
  previous?: string;
}

/** Every file of the chain, newest first; throws SIGNERS_UNSIGNED where one lacks signatures. */
export async function checkChain(path: string, newest: SignersFile, shown: string): Promise<SignedSigners[]> {
  const chain: SignedSigners[] = [];
  let at = { path, file: newest, shown };
  while (chain.length < longestChain) {
    const { previous } = at.file.parsed;
    const before = previous === undefined ? undefined : await readPrevious(at.path, at.shown, previous);
    chain.push(await checkSigned(at.path, at.file, at.shown, before?.file));
    if (!before) return chain;
    at = before;
  }
  throw unsigned(`there are more than ${longestChain} files before it`, shown);
}

/** One file against the file before it, or against itself where it is the first. */
export async function checkSigned(
  path: string,
  { bytes, parsed }: SignersFile,
  shown: string,
  before: SignersFile | undefined,
): Promise<SignedSigners> {
  const judge: Signers = before?.parsed ?? parsed;
  if (judge.threshold === undefined)
    throw unsigned('the file before it has no `threshold`, so nobody in it can vouch for this one', shown);
  const signatures = await readFile(signaturesOf(path)).catch(() => {
    throw unsigned(`there is no ${signaturesOf(basename(shown))} beside it`, shown);
  });
  const digest = sha256(bytes);
  const counted = countSignersSignatures(signatures, { digest, previous: parsed.previous }, judge);
  if (counted.people.length < judge.threshold) {
    const who = counted.people.join(', ') || 'nobody';
    throw unsigned(`${judge.threshold} people must have signed it, and only ${who} did`, shown);
  }
  return {
    file: shown,
    sha256: digest,
    ...(parsed.previous ? { previous: parsed.previous } : {}),
    ...counted,
  };
}

async function readPrevious(path: string, shown: string, digest: string) {
  const at = { path: keptFile(path, digest), shown: keptFile(shown, digest) };
  const file = await readUnchecked(at.path, at.shown).catch((thrown: unknown) => {
    if (thrown instanceof CountersignError && thrown.code === 'CONFIG_MISSING')
      throw unsigned(`the file before it is not kept as ${at.shown}`, shown);
    throw thrown;
  });
  if (sha256(file.bytes) !== digest) throw unsigned(`${at.shown} is not the file that it names`, shown);
  return { ...at, file };
}

export function unsigned(message: string, file: string): CountersignError {
  return new CountersignError('SIGNERS_UNSIGNED', message, { where: { file } });
}
