import { Options } from '../checks/define.ts';
import { CountersignError } from '../errors.ts';
import { PAYLOAD_TYPE, STATEMENT_TYPE } from '../report/schema.ts';
import { Type } from '../type.ts';
import { type EnvelopeSignature, encode, makeEnvelope, parseEnvelope, serialise } from './dsse.ts';
import type { Signer } from './keys.ts';
import type { Signers } from './signers.ts';
import { checkSignature, readPayload, signPayload } from './statement.ts';
import { trustedKeys, whyNotKey } from './trust.ts';

const SIGNERS_TYPE = 'https://countersign.dev/attestations/signers/v1';
const what = 'the signatures over the signers file';

const SignersStatementSchema = Options({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(
    Options({ name: Type.Literal('signers.yml'), digest: Options({ sha256: Type.String() }) }),
    { minItems: 1, maxItems: 1 },
  ),
  predicateType: Type.Literal(SIGNERS_TYPE),
  predicate: Options({
    schema: Type.Literal(1),
    previous: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    /** When the first of them signed, by their own clock: keys must have been good then. */
    at: Type.String({ format: 'date-time' }),
  }),
});

/** What is signed: this file, after that one. */
export interface SignersDigest {
  digest: string;
  previous: string | undefined;
}

export interface CountedSigners {
  /** Ids of different people, sorted. */
  people: string[];
  threshold: number;
  at: string;
}

/** Whose signatures stand over a signers file. `judge` is the file before it, or the first file itself. */
export function countSignersSignatures(
  envelopeBytes: Uint8Array,
  { digest, previous }: SignersDigest,
  judge: Signers,
): CountedSigners {
  const envelope = parseEnvelope(envelopeBytes, what);
  const keys = trustedKeys(judge);
  const signed = envelope.signatures.map((signature) =>
    checkSignature(envelope.payloadType, envelope.payload, signature, keys, what),
  );
  const statement = readPayload(envelope.payload, SignersStatementSchema, what);
  const { at } = statement.predicate;
  if (statement.subject[0]?.digest.sha256 !== digest) throw refusal('are over another file');
  if (statement.predicate.previous !== previous) throw refusal('name another file before it');
  const people = new Set<string>();
  for (const { person, key } of signed) {
    const reason = whyNotKey(key, { from: at, to: at });
    if (reason) throw refusal(`: ${key.id} of ${person.id} does not count: ${reason}`);
    people.add(person.id);
  }
  return { people: [...people].sort(), threshold: judge.threshold ?? 1, at };
}

/** Adds one signature to those that are there. All are over the same bytes. */
export async function signSigners(
  signer: Signer,
  file: SignersDigest,
  now: Date,
  existing: Uint8Array | undefined,
): Promise<Buffer> {
  const before = existing ? parseEnvelope(existing, what) : undefined;
  const payload = before?.payload ?? firstPayload(file, now);
  const signatures: EnvelopeSignature[] = (before?.signatures ?? []).map(({ keyid, signature }) => ({
    keyid,
    sig: encode(signature),
  }));
  signatures.push(await signPayload(signer, payload));
  return serialise(makeEnvelope(PAYLOAD_TYPE, payload, signatures));
}

/** Digest of the file that an envelope is about, unchecked: to tell whose signatures they are. */
export function subjectOf(envelopeBytes: Uint8Array): string {
  const { payload } = parseEnvelope(envelopeBytes, what);
  return readPayload(payload, SignersStatementSchema, what).subject[0]?.digest.sha256 ?? '';
}

function firstPayload({ digest, previous }: SignersDigest, now: Date): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: STATEMENT_TYPE,
      subject: [{ name: 'signers.yml', digest: { sha256: digest } }],
      predicateType: SIGNERS_TYPE,
      predicate: { schema: 1, ...(previous ? { previous } : {}), at: now.toISOString() },
    }),
  );
}

function refusal(message: string): CountersignError {
  return new CountersignError('SIGNERS_UNSIGNED', `${what} ${message}`.replace(' :', ':'));
}
