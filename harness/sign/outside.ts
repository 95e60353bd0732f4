import { readdir } from 'node:fs/promises';
import { PAYLOAD_TYPE, type Statement } from '../report/schema.ts';
import type { ResourceDescriptor } from '../report/test-result.ts';
import { makeBundle } from './bundle.ts';
import { ENVELOPE_FILE, EVIDENCE_FOLDER, readRunFile } from './folder.ts';
import type { Signer } from './keys.ts';
import { sha256, signPayload } from './statement.ts';

/** A statement for others with one signature: the bytes of a Sigstore bundle. */
export async function signForOthers(signer: Signer, statement: object): Promise<Buffer> {
  const payload = Buffer.from(JSON.stringify(statement));
  return makeBundle(PAYLOAD_TYPE, payload, await signPayload(signer, payload));
}

/** Every signed thing of a run folder: the report, its signatures, later statements, and signed evidence. */
export async function signedInputs(folder: string, { predicate }: Statement): Promise<ResourceDescriptor[]> {
  const top = (await readdir(folder)).filter(
    (name) =>
      ['report.json', 'journal.jsonl', ENVELOPE_FILE].includes(name) || name.endsWith('.sigstore.json'),
  );
  const digests = await Promise.all(top.sort().map(async (name) => sha256(await readRunFile(folder, name))));
  const evidence = predicate.evidence.files
    .filter(({ name }) => name.endsWith('.dsse.json'))
    .map(({ sha256 }) => ({ uri: `${EVIDENCE_FOLDER}/${sha256}`, digest: { sha256 } }));
  return [...top.map((uri, index) => ({ uri, digest: { sha256: digests[index] ?? '' } })), ...evidence];
}
