import { Options } from '../checks/define.ts';
import { CountersignError } from '../errors.ts';
import { manifestDigest } from '../report/manifest.ts';
import { measurementsOf } from '../report/measurements.ts';
import { type ItemReport, STATEMENT_TYPE, type Statement } from '../report/schema.ts';
import { type Static, Type } from '../type.ts';
import { serialise } from './dsse.ts';
import type { Signer } from './keys.ts';
import { openStatement, signStatement } from './statement.ts';
import { parseStrictJson } from './strict-json.ts';
import { type TrustedKeys, whyNotKey } from './trust.ts';

const ATTESTATION_TYPE = 'https://countersign.dev/attestations/item-attestation/v1';
const maxAttestationBytes = 1024 * 1024;

const PredicateSchema = Options({
  schema: Type.Literal(1),
  run: Type.String(),
  gate: Type.String(),
  item: Type.String(),
  role: Type.String(),
  person: Type.String(),
  key: Type.String(),
  at: Type.String({ format: 'date-time' }),
  verdict: Type.Union([Type.Literal('confirmed'), Type.Literal('rejected')]),
  comment: Type.Optional(Type.String()),
  about: Type.Array(Type.String()),
  evidence_sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
});

const AttestationSchema = Options({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(
    Options({ name: Type.Literal('evidence'), digest: Options({ sha256: Type.String() }) }),
    { minItems: 1, maxItems: 1 },
  ),
  predicateType: Type.Literal(ATTESTATION_TYPE),
  predicate: PredicateSchema,
});

/** What a person says about one item, bound to the evidence as it was then. */
export type Attestation = Static<typeof PredicateSchema>;

/** One digest over the evidence of these items: a later attempt makes another, and the statement void. */
export function attestedEvidence(
  items: readonly Pick<ItemReport, 'id' | 'attempts' | 'watch' | 'undo'>[],
  about: readonly string[],
) {
  const measured = items.filter(({ id }) => about.includes(id)).flatMap(measurementsOf);
  return manifestDigest(measured.flatMap(({ artifacts }) => artifacts));
}

/** The bytes of the evidence file that keeps the signed statement. */
export async function makeAttestation(
  signer: Signer,
  said: Omit<Attestation, 'schema' | 'key'>,
): Promise<Buffer> {
  const envelope = await signStatement(signer, {
    subject: [{ name: 'evidence', digest: { sha256: said.evidence_sha256 } }],
    predicateType: ATTESTATION_TYPE,
    predicate: { schema: 1, ...said, key: signer.keyid },
  });
  return serialise(envelope);
}

/** Who said what, checked against the signers file: a role comes from there, never from the statement. */
export function readAttestation(bytes: Uint8Array, keys: TrustedKeys, what: string): Attestation {
  const document = parseStrictJson(bytes, { what, maxBytes: maxAttestationBytes });
  const { value, signedBy } = openStatement(document, AttestationSchema, keys, what);
  const said = value.predicate;
  if (said.person !== signedBy.person.id || said.key !== signedBy.key.id) {
    throw refusal(`${what} names another person than the one who signed it`);
  }
  if (!signedBy.person.roles.includes(said.role)) {
    throw refusal(`${what}: ${said.person} does not have the role ${said.role}`);
  }
  const reason = whyNotKey(signedBy.key, { from: said.at, to: said.at });
  if (reason) throw refusal(`${what}: ${reason}`);
  if (value.subject[0]?.digest.sha256 !== said.evidence_sha256) {
    throw refusal(`${what} speaks of two different sets of evidence`);
  }
  return said;
}

/** Why the report may not rely on what it says a person attested, or nothing. */
export function attestationProblem(
  statement: Statement,
  item: ItemReport,
  said: Attestation | undefined,
): string | undefined {
  const { attest } = item;
  if (!attest) return undefined;
  if (!said)
    return item.state === 'passed' ? `${item.id} passed without a statement of ${attest.role}` : undefined;
  const { run, gate } = statement.predicate;
  const expected = {
    run: run.id,
    gate: gate.id,
    item: item.id,
    role: attest.role,
    person: attest.person,
    key: attest.key,
    at: attest.at,
    comment: attest.comment,
    evidence_sha256: attest.evidence_sha256,
  };
  for (const [field, value] of Object.entries(expected)) {
    if (said[field as keyof typeof expected] !== value) {
      return `${item.id}: the report and the signed statement differ in \`${field}\``;
    }
  }
  if (said.about.join() !== attest.about.join()) return `${item.id}: the statement is about other items`;
  if (said.evidence_sha256 !== attestedEvidence(statement.predicate.items, attest.about)) {
    return `${item.id}: the evidence changed after ${said.person} spoke`;
  }
  if (item.state === 'passed' && said.verdict !== 'confirmed')
    return `${item.id} passed although ${said.person} rejected it`;
  return undefined;
}

function refusal(message: string): CountersignError {
  return new CountersignError('REPORT_INVALID', message);
}
