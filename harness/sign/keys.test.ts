import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateKey, keyId, loadPublicKey, loadSigner, verifySignature } from './keys.ts';

const passphrase = 'correct horse battery';

test.each(['p256', 'ed25519'] as const)('a %s key signs, and its public half verifies', async (type) => {
  const key = generateKey({ type, passphrase });
  const signer = loadSigner(key.privatePem, passphrase);
  const bytes = randomBytes(64);
  const signature = await signer.sign(bytes);
  const publicKey = loadPublicKey(key.publicPem);
  expect(signer).toMatchObject({ keyid: key.id, type, unprotected: false });
  expect(verifySignature(publicKey, bytes, signature)).toBe(true);
  expect(verifySignature(publicKey, randomBytes(64), signature)).toBe(false);
});

test('ECDSA signatures are DER', async () => {
  const signature = await loadSigner(generateKey({ rehearsal: true }).privatePem).sign(randomBytes(8));
  expect(signature[0]).toBe(0x30);
  expect(signature[1]).toBe(signature.length - 2);
});

test('the key id is the fingerprint that ssh-keygen prints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-keys-'));
  try {
    const key = generateKey({ passphrase });
    const file = join(folder, 'key.pem');
    writeFileSync(file, key.publicPem);
    const ssh = execFileSync('ssh-keygen', ['-i', '-m', 'PKCS8', '-f', file]);
    writeFileSync(join(folder, 'key.pub'), ssh);
    const printed = execFileSync('ssh-keygen', ['-l', '-f', join(folder, 'key.pub')], { encoding: 'utf8' });
    expect(printed.split(' ')[1]).toBe(key.id);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a key file is encrypted, and a wrong passphrase is refused without being shown', () => {
  const { privatePem } = generateKey({ passphrase });
  expect(privatePem).toContain('BEGIN ENCRYPTED PRIVATE KEY');
  expect(() => loadSigner(privatePem)).toThrow('no passphrase was given');
  expect(() => loadSigner(privatePem, 'wrong-secret-words')).toThrow(
    /^the private key does not open with this passphrase$/,
  );
});

test('only a rehearsal gets a key without a passphrase, and it says so', () => {
  expect(() => generateKey({ passphrase: '' })).toThrow('shorter than 8 characters');
  expect(loadSigner(generateKey({ rehearsal: true }).privatePem).unprotected).toBe(true);
});

test.each([
  ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['X25519', () => generateKeyPairSync('x25519')],
])('a key of another type (%s) is refused, public and private', (_, make) => {
  const { publicKey, privateKey } = make();
  const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  expect(() => loadPublicKey(spki)).toThrow('is not accepted');
  expect(() => loadSigner(pkcs8)).toThrow('is not accepted');
  expect(() => keyId(publicKey)).toThrow('is not accepted');
});

test('a private key, two keys or noise where a public key belongs are refused', () => {
  const { privatePem, publicPem } = generateKey({ rehearsal: true });
  for (const wrong of [privatePem, publicPem + publicPem, 'ssh-ed25519 AAAA', '']) {
    expect(() => loadPublicKey(wrong)).toThrow('is not one SPKI key in PEM');
  }
  expect(() => loadPublicKey(publicPem.replace(/[A-Za-z]{8}/g, 'AAAAAAAA'))).toThrow();
  expect(() => loadSigner('not a key')).toThrow('is not a PKCS#8 private key in PEM');
});
