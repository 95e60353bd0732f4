import { CountersignError } from '../errors.ts';
import { parseStrictJson } from './strict-json.ts';

export interface EnvelopeSignature {
  keyid: string;
  sig: string;
}

export interface Envelope {
  payload: string;
  payloadType: string;
  signatures: EnvelopeSignature[];
}

export interface ReadEnvelope {
  payload: Uint8Array;
  payloadType: string;
  signatures: { keyid: string; signature: Uint8Array }[];
}

/** A report with a thousand items stays far below this. */
const maxEnvelopeBytes = 64 * 1024 * 1024;
const maxSignatures = 64;

/** What is signed in place of the payload: its type and length can't be mistaken for its content. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

export function makeEnvelope(
  payloadType: string,
  payload: Uint8Array,
  signatures: readonly EnvelopeSignature[],
): Envelope {
  return { payload: encode(payload), payloadType, signatures: [...signatures] };
}

/** The one spelling of a document of ours: whatever differs from it by a byte was not written by countersign. */
export function serialise(document: object): Buffer {
  return Buffer.from(`${JSON.stringify(document)}\n`);
}

export function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

export function parseEnvelope(bytes: Uint8Array, what = 'signoff.dsse.json'): ReadEnvelope {
  const document = parseStrictJson(bytes, { what, maxBytes: maxEnvelopeBytes });
  const envelope = readEnvelope(document, what);
  const parts = envelope.signatures.map(({ keyid, signature }) => ({ keyid, sig: encode(signature) }));
  const own = serialise(makeEnvelope(envelope.payloadType, envelope.payload, parts));
  if (!own.equals(bytes)) throw refusal(what, 'is not spelt as countersign writes it');
  return envelope;
}

/** The shape alone, also inside a Sigstore bundle. */
export function readEnvelope(document: unknown, what: string): ReadEnvelope {
  const fields = onlyFields(document, ['payload', 'payloadType', 'signatures'], what);
  const { payloadType, signatures } = fields;
  if (typeof payloadType !== 'string') throw refusal(what, 'has no payloadType');
  if (!Array.isArray(signatures) || signatures.length === 0) throw refusal(what, 'has no signature');
  if (signatures.length > maxSignatures) throw refusal(what, `has more than ${maxSignatures} signatures`);
  return {
    payload: decodeBase64(fields['payload'], `${what}: payload`),
    payloadType,
    signatures: signatures.map((entry, index) => {
      const at = `${what}: signature ${index + 1}`;
      const { keyid, sig } = onlyFields(entry, ['keyid', 'sig'], at);
      if (typeof keyid !== 'string' || !/^SHA256:[A-Za-z0-9+/]{43}$/.test(keyid)) {
        throw refusal(at, 'has a keyid that is not an SSH SHA-256 fingerprint');
      }
      return { keyid, signature: decodeBase64(sig, at) };
    }),
  };
}

/** Exactly these fields: one that nobody reads could mislead somebody who does. */
export function onlyFields(
  document: unknown,
  names: readonly string[],
  what: string,
): Record<string, unknown> {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw refusal(what, 'is not an object');
  }
  const unknown = Object.keys(document).find((name) => !names.includes(name));
  if (unknown !== undefined) throw refusal(what, `has an unknown field ${JSON.stringify(unknown)}`);
  const missing = names.find((name) => !Object.hasOwn(document, name));
  if (missing !== undefined) throw refusal(what, `has no field ${JSON.stringify(missing)}`);
  return document as Record<string, unknown>;
}

/** Standard alphabet, padded, no stray bits: one spelling for each sequence of bytes. */
export function decodeBase64(text: unknown, what: string): Uint8Array {
  if (typeof text !== 'string') throw refusal(what, 'is not base64 text');
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || encode(bytes) !== text) throw refusal(what, 'is not canonical base64');
  return bytes;
}

function refusal(what: string, message: string): CountersignError {
  return new CountersignError('REPORT_INVALID', `${what} ${message}`);
}
