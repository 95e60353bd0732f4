import { describe, expect, it } from 'vitest';
import { signBody, verifySharedSecret, verifySignature } from './signature.ts';

const secret = 'sec_test_mono';
const body =
  '{"event":"mono.events.account_updated","data":{"account":{"_id":"acc_sandbox_123"},"meta":{"data_status":"AVAILABLE"}}}';
const known =
  '48fbfd985f3d63a578bd5ebff63b678d9610081e263eaaf97ac90406aaa32886d23c4eaad6f96dfbab00e4ac14bab862f8fd70503da3d1a703aca5daf8130042';

describe('webhook signature', () => {
  it('gives the known answer for the known body', () => {
    expect(signBody(secret, body)).toBe(known);
    expect(signBody(secret, Buffer.from(body))).toBe(known);
  });

  it.each([known, known.toUpperCase(), `sha512=${known}`, `SHA512=${known.toUpperCase()}`, ` ${known} `])(
    'accepts the form %.12s…',
    (signature) => {
      expect(verifySignature(signature, body, { current: secret })).toBe(true);
    },
  );

  it.each([undefined, '', 'x', known.slice(1), `${known}0`, `${known.slice(0, -1)}3`, `sha256=${known}`])(
    'refuses %s',
    (signature) => {
      expect(verifySignature(signature, body, { current: secret })).toBe(false);
    },
  );

  it('covers the raw bytes: the same JSON written otherwise does not verify', () => {
    expect(verifySignature(known, JSON.stringify(JSON.parse(body), null, 1), { current: secret })).toBe(
      false,
    );
  });

  it('accepts the previous secret during a rotation, and only then', () => {
    expect(verifySignature(known, body, { current: 'new', previous: secret })).toBe(true);
    expect(verifySignature(known, body, { current: 'new' })).toBe(false);
  });

  it('refuses to work with an empty secret', () => {
    expect(() => verifySignature(known, body, { current: '' })).toThrow(RangeError);
    expect(() => verifySharedSecret('', { current: '' })).toThrow(RangeError);
  });
});

describe('webhook shared secret', () => {
  it('accepts equality with the current or the previous secret', () => {
    expect(verifySharedSecret(secret, { current: secret })).toBe(true);
    expect(verifySharedSecret(secret, { current: 'new', previous: secret })).toBe(true);
  });

  it.each([undefined, '', 'sec_test_mon', 'sec_test_mono '])('refuses %j', (given) => {
    expect(verifySharedSecret(given, { current: secret })).toBe(false);
  });
});
