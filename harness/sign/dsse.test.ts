import { createPublicKey, verify } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeBundle, parseBundle } from './bundle.ts';
import { encode, makeEnvelope, parseEnvelope, preAuthenticationEncoding, serialise } from './dsse.ts';
import { generateKey, loadSigner, verifySignature } from './keys.ts';

const keyid = `SHA256:${'a'.repeat(43)}`;
const payload = Buffer.from('{"x":1}');
const type = 'application/vnd.in-toto+json';
const envelope = makeEnvelope(type, payload, [{ keyid, sig: encode(Buffer.from('signature')) }]);

/** Test vector of the DSSE protocol document: `hello world` under a P-256 key, signature as raw r||s. */
const vector = {
  payloadType: 'http://example.com/HelloWorld',
  payload: Buffer.from('hello world'),
  encoding: 'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  x: 46950820868899156662930047687818585632848591499744589407958293238635476079160n,
  y: 5640078356564379163099075877009565129882514886557779369047442380624545832820n,
  sig: 'A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==',
};

test('the encoding and the signature of the DSSE test vector are reproduced', () => {
  const encoded = preAuthenticationEncoding(vector.payloadType, vector.payload);
  const coordinate = (value: bigint) =>
    Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toString('base64url');
  const key = createPublicKey({
    format: 'jwk',
    key: { kty: 'EC', crv: 'P-256', x: coordinate(vector.x), y: coordinate(vector.y) },
  });
  const signature = Buffer.from(vector.sig, 'base64');
  expect(encoded.toString()).toBe(vector.encoding);
  expect(verify('sha256', encoded, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  expect(verifySignature(key, encoded, signature), 'raw signatures are refused').toBe(false);
});

test('lengths in the encoding count bytes, not characters', () => {
  expect(preAuthenticationEncoding('é', Buffer.from('₦')).toString()).toBe('DSSEv1 2 é 3 ₦');
});

test('T1: no two pairs of type and payload have the same encoding', () => {
  const pair = fc.tuple(fc.string(), fc.uint8Array({ maxLength: 20 }));
  fc.assert(
    fc.property(pair, pair, ([typeA, a], [typeB, b]) => {
      const same = Buffer.from(typeA).equals(Buffer.from(typeB)) && Buffer.from(a).equals(Buffer.from(b));
      return preAuthenticationEncoding(typeA, a).equals(preAuthenticationEncoding(typeB, b)) === same;
    }),
  );
});

test('an envelope comes back as it was written', () => {
  const read = parseEnvelope(serialise(envelope));
  expect(Buffer.from(read.payload).equals(payload)).toBe(true);
  expect(read.signatures.map((entry) => entry.keyid)).toEqual([keyid]);
});

const text = serialise(envelope).toString();
test.each([
  ['a duplicate key', text.replace('"payloadType"', '"payload":"e30=","payloadType"'), 'twice in one object'],
  ['an unknown field', text.replace('{', '{"note":"x",'), 'unknown field "note"'],
  [
    'an unknown field in a signature',
    text.replace('"sig"', '"role":"security","sig"'),
    'unknown field "role"',
  ],
  ['a missing keyid', text.replace(`"keyid":"${keyid}",`, ''), 'has no field "keyid"'],
  ['a foreign keyid', text.replace(keyid, 'f'.repeat(64)), 'not an SSH SHA-256 fingerprint'],
  ['no signature', JSON.stringify({ ...envelope, signatures: [] }), 'has no signature'],
  ['unpadded base64', text.replace('fQ=="', 'fQ"'), 'not canonical base64'],
  ['stray bits in base64', text.replace('fQ=="', 'fR=="'), 'not canonical base64'],
  ['an empty payload', text.replace(envelope.payload, ''), 'not canonical base64'],
  ['a list in place of the envelope', '[]', 'is not an object'],
  ['white space', text.replace(':', ': '), 'not spelt as countersign writes it'],
  ['no line end', text.trimEnd(), 'not spelt as countersign writes it'],
])('an envelope with %s is refused', (_, wrong, message) => {
  expect(() => parseEnvelope(Buffer.from(wrong))).toThrow(message);
});

/** One way to spoil bytes: a byte exchanged, one put in or taken out, a part repeated, or an end cut off. */
const spoiled = fc
  .tuple(
    fc.constantFrom('exchange', 'insert', 'remove', 'repeat', 'cut'),
    fc.nat(text.length - 1),
    fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('"\\{}[]:,=+/-_ \n'))),
  )
  .map(([how, at, byte]) => {
    const [before, after] = [Buffer.from(text.slice(0, at)), Buffer.from(text.slice(at))];
    if (how === 'insert') return Buffer.concat([before, Buffer.of(byte), after]);
    if (how === 'remove') return Buffer.concat([before, after.subarray(1)]);
    if (how === 'repeat') return Buffer.concat([before, after.subarray(0, byte), after]);
    return how === 'cut' ? before : Buffer.concat([before, Buffer.of(byte), after.subarray(1)]);
  });

test('whatever happens to its bytes, an envelope says just what they say, or is refused in words', () => {
  const anything = fc.oneof(
    { weight: 6, arbitrary: spoiled },
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((json) => Buffer.from(json)),
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      try {
        const read = parseEnvelope(bytes);
        const signatures = read.signatures.map((one) => ({ keyid: one.keyid, sig: encode(one.signature) }));
        expect(serialise(makeEnvelope(read.payloadType, read.payload, signatures)).equals(bytes)).toBe(true);
      } catch (thrown) {
        expect(thrown).toMatchObject({ name: 'CountersignError', code: 'REPORT_INVALID' });
      }
    }),
    { numRuns: 2_000 },
  );
});

test('more signatures than people could give are refused', () => {
  const many = { ...envelope, signatures: Array.from({ length: 65 }, () => envelope.signatures[0]) };
  expect(() => parseEnvelope(serialise(many))).toThrow('more than 64 signatures');
});

test('a bundle holds one signature, and its hint is the key id', async () => {
  const signer = loadSigner(generateKey({ rehearsal: true }).privatePem);
  const signature = await signer.sign(preAuthenticationEncoding(type, payload));
  const entry = { keyid: signer.keyid, sig: encode(signature) };
  const bytes = makeBundle(type, payload, entry);
  const read = parseBundle(bytes, 'ada.sigstore.json');
  expect(read.signature.keyid).toBe(signer.keyid);
  const changed = bytes.toString();
  for (const [wrong, message] of [
    [changed.replace(`"hint":"${signer.keyid}"`, `"hint":"${keyid}"`), 'not spelt as'],
    [changed.replace('v0.3', 'v0.4'), 'not spelt as'],
    [changed.replace('}]}', `},{"keyid":"${keyid}","sig":"aaaa"}]}`), 'more than one signature'],
    [changed.replace('"dsseEnvelope"', '"dsseEnvelope2"'), 'unknown field'],
  ] as const) {
    expect(wrong).not.toBe(changed);
    expect(() => parseBundle(Buffer.from(wrong), 'ada.sigstore.json')).toThrow(message);
  }
});
