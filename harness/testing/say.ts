import { recompute } from '../gate/recompute.ts';
import { loadSigner } from '../sign/keys.ts';
import { type SayOptions, sayAbout } from '../sign/say.ts';
import { passphrase, type RunFolder, SIGNED_AT, type TestPerson, VERSION } from './run-folder.ts';

export function signerOf(person: TestPerson, key = 0) {
  return loadSigner(person.keys[key]?.privatePem ?? '', passphrase);
}

/** What a person says about a made run, some time after it was signed. */
export function sayOn(
  run: RunFolder,
  person: TestPerson,
  words: SayOptions['words'],
  more: Partial<SayOptions> = {},
) {
  return sayAbout({
    folder: run.folder,
    signers: run.signers,
    now: new Date(Date.parse(SIGNED_AT) + 600_000),
    version: VERSION,
    recompute: (report) => recompute(run.folder, report),
    person: person.id,
    signer: signerOf(person),
    words,
    ...more,
  });
}
