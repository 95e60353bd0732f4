import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PAYLOAD_TYPE } from '../report/schema.ts';
import { makeBundle } from '../sign/bundle.ts';
import { makeEnvelope, serialise } from '../sign/dsse.ts';
import { loadSigner } from '../sign/keys.ts';
import { signPayload } from '../sign/statement.ts';
import { passphrase, type RunFolder, type TestPerson } from './run-folder.ts';

/** What somebody with the keys could make without `gate sign`: signatures and bundles, but no times. */
export async function forge(run: RunFolder, signers: readonly TestPerson[]): Promise<void> {
  const report = await readFile(join(run.folder, 'report.json'));
  const entries = [];
  for (const { id, keys } of signers) {
    const [key] = keys;
    const signature = await signPayload(loadSigner(key?.privatePem ?? '', passphrase), report);
    const entry = { ...signature, keyid: key?.id ?? '' };
    entries.push(entry);
    await writeFile(join(run.folder, `${id}.sigstore.json`), makeBundle(PAYLOAD_TYPE, report, entry));
  }
  await writeFile(
    join(run.folder, 'signoff.dsse.json'),
    serialise(makeEnvelope(PAYLOAD_TYPE, report, entries)),
  );
}
