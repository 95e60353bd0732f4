import { Options } from '../checks/define.ts';
import { CountersignError } from '../errors.ts';
import { PAYLOAD_TYPE, STATEMENT_TYPE } from '../report/schema.ts';
import { type Static, Type } from '../type.ts';
import { type Envelope, encode, makeEnvelope, parseEnvelope, serialise } from './dsse.ts';
import type { Signer } from './keys.ts';
import { openEnvelope, readPayload, signPayload } from './statement.ts';
import type { TrustedKey, TrustedKeys } from './trust.ts';

const WAIVER_TYPE = 'https://countersign.dev/attestations/waiver/v1';
const Time = Type.String({ format: 'date-time' });

const PredicateSchema = Options({
  schema: Type.Literal(1),
  id: Type.String({ pattern: '^[a-z][a-z0-9-]*$', maxLength: 128 }),
  gate: Type.String(),
  item: Type.String(),
  environment: Type.String(),
  /** Which of these the item may be. */
  states: Type.Array(Type.Union([Type.Literal('failed'), Type.Literal('error')]), {
    minItems: 1,
    maxItems: 2,
    uniqueItems: true,
  }),
  /** Only these may not hold; without it any may. */
  expectations: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 100 })),
  reason: Type.String({ minLength: 1, maxLength: 2_000 }),
  requester: Type.String(),
  requested_at: Time,
  expires: Time,
});

const WaiverSchema = Options({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(
    Options({
      name: Type.String(),
      digest: Options({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
    }),
    { minItems: 1, maxItems: 1 },
  ),
  predicateType: Type.Literal(WAIVER_TYPE),
  predicate: PredicateSchema,
});

/** What is let pass, for whom, and until when. */
export type Waiver = Static<typeof PredicateSchema>;

/** A waiver whose signatures fit; whether it counts is for the evaluator to say. */
export interface OpenWaiver {
  said: Waiver;
  /** Digest of the item, as the gate declared it when the waiver was asked for. */
  itemSha256: string;
  /** In the order of signing: the requester first. */
  signedBy: readonly TrustedKey[];
}

/** The bytes of a waiver that waits for its approver. */
export async function makeWaiver(
  signer: Signer,
  said: Omit<Waiver, 'schema'>,
  itemSha256: string,
): Promise<Buffer> {
  const subject = [{ name: `item:${said.gate}/${said.item}`, digest: { sha256: itemSha256 } }];
  const predicate = { schema: 1, ...said };
  const statement = { _type: STATEMENT_TYPE, subject, predicateType: WAIVER_TYPE, predicate };
  const payload = Buffer.from(JSON.stringify(statement));
  return serialise(makeEnvelope(PAYLOAD_TYPE, payload, [await signPayload(signer, payload)]));
}

/** Adds a signature over the same bytes. */
export async function countersignWaiver(signer: Signer, bytes: Uint8Array, what: string): Promise<Buffer> {
  const { payload, payloadType, signatures } = parseEnvelope(bytes, what);
  const entries: Envelope['signatures'] = signatures.map(({ keyid, signature }) => ({
    keyid,
    sig: encode(signature),
  }));
  return serialise(makeEnvelope(payloadType, payload, [...entries, await signPayload(signer, payload)]));
}

/** Throws KEY_UNKNOWN or REPORT_INVALID for whatever is no waiver that these people signed. */
export function openWaiver(bytes: Uint8Array, keys: TrustedKeys, what: string): OpenWaiver {
  const { value, signedBy } = openEnvelope(parseEnvelope(bytes, what), WaiverSchema, keys, what);
  const [subject] = value.subject;
  const { gate, item, requester } = value.predicate;
  if (!subject || subject.name !== `item:${gate}/${item}`) {
    throw new CountersignError('REPORT_INVALID', `${what} names two different items`);
  }
  if (signedBy[0]?.person.id !== requester) {
    throw new CountersignError('REPORT_INVALID', `${what} was not asked for by the one who signed it first`);
  }
  return { said: value.predicate, itemSha256: subject.digest.sha256, signedBy };
}

/** What a waiver claims, before anyone's signature was looked at: enough to find out whose it should be. */
export function claimedBy(bytes: Uint8Array, what: string): Waiver {
  return readPayload(parseEnvelope(bytes, what).payload, WaiverSchema, what).predicate;
}
