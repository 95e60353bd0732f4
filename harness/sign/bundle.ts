import { CountersignError } from '../errors.ts';
import { type EnvelopeSignature, encode, makeEnvelope, onlyFields, readEnvelope, serialise } from './dsse.ts';
import { parseStrictJson } from './strict-json.ts';
import { readWitnessed, type Witnessed } from './witnessed.ts';

const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const maxBundleBytes = 64 * 1024 * 1024;

/** What cosign verifies offline: one signature a bundle, and the hint names its key. */
export function makeBundle(
  payloadType: string,
  payload: Uint8Array,
  signature: EnvelopeSignature,
  witnessed: Witnessed = {},
): Buffer {
  return serialise({
    mediaType,
    verificationMaterial: { publicKey: { hint: signature.keyid }, ...witnessed },
    dsseEnvelope: makeEnvelope(payloadType, payload, [signature]),
  });
}

/** Refuses whatever `makeBundle` would not have written. */
export function parseBundle(bytes: Uint8Array, what: string) {
  const document = parseStrictJson(bytes, { what, maxBytes: maxBundleBytes });
  const bundle = onlyFields(document, ['mediaType', 'verificationMaterial', 'dsseEnvelope'], what);
  const envelope = readEnvelope(bundle['dsseEnvelope'], what);
  const [signature, ...others] = envelope.signatures;
  if (!signature || others.length > 0) {
    throw new CountersignError('REPORT_INVALID', `${what} has more than one signature`);
  }
  const { publicKey: _, ...material } = Object(bundle['verificationMaterial']) as Record<string, unknown>;
  const witnessed = readWitnessed(material, what);
  const entry = { keyid: signature.keyid, sig: encode(signature.signature) };
  if (!makeBundle(envelope.payloadType, envelope.payload, entry, witnessed).equals(bytes)) {
    throw new CountersignError('REPORT_INVALID', `${what} is not spelt as countersign writes it`);
  }
  return { ...envelope, signature, witnessed };
}
