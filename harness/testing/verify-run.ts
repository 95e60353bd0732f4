import { recompute } from '../gate/recompute.ts';
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
