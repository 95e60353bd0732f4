import { join } from 'node:path';
import { recompute } from '../gate/recompute.ts';
import type { Statement } from '../report/schema.ts';
import { readSignersFile } from '../sign/signers-file.ts';
import { type VerifyOptions, verifyFolder } from '../sign/verify.ts';
import { type RunFolder, SIGNED_AT, VERSION } from './run-folder.ts';

/** Verifies a made run folder as of the moment it was signed, with its own signers file. */
export function verifyRun(run: RunFolder, overrides: Partial<VerifyOptions> = {}) {
  return verifyFolder({
    folder: run.folder,
    signers: run.signers,
    now: new Date(SIGNED_AT),
    version: VERSION,
    recompute: (report) => recompute(run.folder, report),
    ...overrides,
  });
}

/** What is wrong with a run that a runner left, but for the people who have not signed it yet. */
export async function wrongWith({
  folder,
  statement,
}: {
  folder: string;
  statement: Statement;
}): Promise<string[]> {
  const { lines } = await verifyFolder({
    folder,
    signers: await readSignersFile(join(folder, 'signers.yml'), 'signers.yml'),
    now: new Date(statement.predicate.validity.not_before),
    version: VERSION,
    recompute: (report) => recompute(folder, report),
  });
  return lines
    .filter(({ check, ok }) => !ok && check !== 'roles')
    .map(({ check, text }) => `${check}: ${text}`);
}
