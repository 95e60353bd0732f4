import { createHash } from 'node:crypto';
import type { Static, TSchema } from 'typebox';
import { type JsonSchema, surelyFits } from '../config/fits.ts';
import { schemaErrors } from '../config/validate.ts';
import { CountersignError } from '../errors.ts';
import { PAYLOAD_TYPE, STATEMENT_TYPE, type Statement, StatementSchema } from '../report/schema.ts';
import {
  type Envelope,
  type EnvelopeSignature,
  encode,
  makeEnvelope,
  preAuthenticationEncoding,
  type ReadEnvelope,
  readEnvelope,
} from './dsse.ts';
import { type Signer, verifySignature } from './keys.ts';
import { parseStrictJson } from './strict-json.ts';
import type { TrustedKey, TrustedKeys } from './trust.ts';

const maxReportBytes = 32 * 1024 * 1024;
const maxSmallStatementBytes = 1024 * 1024;

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The frozen statement. The bytes that were verified are the bytes that are read here. */
export function readStatement(bytes: Uint8Array): Statement {
  const document = parseStrictJson(bytes, { what: 'report.json', maxBytes: maxReportBytes });
  return fitting(StatementSchema, document, 'report.json');
}

export async function signPayload(signer: Signer, payload: Uint8Array): Promise<EnvelopeSignature> {
  const signature = await signer.sign(preAuthenticationEncoding(PAYLOAD_TYPE, payload));
  return { keyid: signer.keyid, sig: encode(signature) };
}

export interface SmallStatement {
  subject: { name: string; digest: { sha256: string } }[];
  predicateType: string;
  predicate: unknown;
}

/** What one person says about a report or an item: one signature, kept whole. */
export async function signStatement(signer: Signer, statement: SmallStatement): Promise<Envelope> {
  const payload = Buffer.from(JSON.stringify({ _type: STATEMENT_TYPE, ...statement }));
  return makeEnvelope(PAYLOAD_TYPE, payload, [await signPayload(signer, payload)]);
}

/** Verifies before it parses; throws KEY_UNKNOWN or REPORT_INVALID. */
export function openStatement<S extends TSchema>(
  document: unknown,
  schema: S,
  keys: TrustedKeys,
  what: string,
): { value: Static<S>; signedBy: TrustedKey } {
  const envelope = readEnvelope(document, what);
  const [signature, ...others] = envelope.signatures;
  if (!signature || others.length > 0) throw refusal(`${what} has more than one signature`);
  const signedBy = checkSignature(envelope.payloadType, envelope.payload, signature, keys, what);
  return { value: readPayload(envelope.payload, schema, what), signedBy };
}

/** Like `openStatement`, of an envelope that several people signed. */
export function openEnvelope<S extends TSchema>(
  { payloadType, payload, signatures }: ReadEnvelope,
  schema: S,
  keys: TrustedKeys,
  what: string,
): { value: Static<S>; signedBy: TrustedKey[] } {
  const signedBy = signatures.map((signature) => checkSignature(payloadType, payload, signature, keys, what));
  return { value: readPayload(payload, schema, what), signedBy };
}

/** Strictly parsed and of that shape; nothing is said about who signed it. */
export function readPayload<S extends TSchema>(payload: Uint8Array, schema: S, what: string): Static<S> {
  return fitting(schema, parseStrictJson(payload, { what, maxBytes: maxSmallStatementBytes }), what);
}

/** Whose signature it is. The key id only finds the key: the signature proves it. */
export function checkSignature(
  payloadType: string,
  payload: Uint8Array,
  { keyid, signature }: { keyid: string; signature: Uint8Array },
  keys: TrustedKeys,
  what: string,
): TrustedKey {
  if (payloadType !== PAYLOAD_TYPE)
    throw refusal(`${what} has the payload type ${JSON.stringify(payloadType)}`);
  const trusted = keys.get(keyid);
  if (!trusted) {
    throw new CountersignError(
      'KEY_UNKNOWN',
      `${what} is signed by ${keyid}, which is nobody's key in the signers file`,
    );
  }
  if (!verifySignature(trusted.publicKey, preAuthenticationEncoding(payloadType, payload), signature)) {
    throw refusal(`${what}: the signature of ${keyid} does not fit these bytes`);
  }
  return trusted;
}

function fitting<S extends TSchema>(schema: S, value: unknown, what: string): Static<S> {
  if (surelyFits(schema as JsonSchema, value)) return value as Static<S>;
  const [first, ...others] = schemaErrors(schema, value);
  if (!first) return value as Static<S>;
  const more = others.length > 0 ? `, and ${others.length} more` : '';
  throw refusal(
    `${what} does not have the documented shape: ${first.path.join('.')} ${first.message}${more}`,
  );
}

function refusal(message: string): CountersignError {
  return new CountersignError('REPORT_INVALID', message);
}
