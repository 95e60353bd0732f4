import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Environment } from '../config/environments.ts';
import type { Project } from '../config/project.ts';
import type { Signers } from '../sign/signers.ts';
import { readSignersFile } from '../sign/signers-file.ts';
import type { LoadedGate } from './load.ts';
import { REHEARSAL_SIGNERS, rehearsalSigners } from './rehearsal.ts';

export interface SignersInUse {
  /** Relative to the project. */
  file: string;
  bytes: Buffer;
  sha256: string;
  signers: Signers;
}

/** The signers file that an environment trusts: for a rehearsal always the one made on this machine. */
export async function signersInUse(
  project: Project,
  environment: Environment,
  loaded?: LoadedGate,
): Promise<SignersInUse> {
  const { file, bytes, signers } = environment.rehearsal
    ? { file: REHEARSAL_SIGNERS, ...(await rehearsalSigners(project, loaded)) }
    : await declared(project, environment.signers ?? 'checklists/signers.yml');
  return { file, bytes, signers, sha256: createHash('sha256').update(bytes).digest('hex') };
}

export async function declared(project: Project, file: string): Promise<Omit<SignersInUse, 'sha256'>> {
  const { bytes, parsed } = await readSignersFile(join(project.root, file), file);
  return { file, bytes, signers: parsed };
}
