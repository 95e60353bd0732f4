import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { CountersignError } from '../errors.ts';

/** P-256 is what every tool verifies; Ed25519 is the second. Nothing else is accepted. */
export type KeyType = 'p256' | 'ed25519';

/** Whoever can sign: a key file, an agent, a KMS. It never shows the private key. */
export interface Signer {
  readonly keyid: string;
  readonly type: KeyType;
  readonly publicPem: string;
  /** Is the key kept without a passphrase? Such a key signs rehearsals only. */
  readonly unprotected: boolean;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface NewKey {
  id: string;
  type: KeyType;
  publicPem: string;
  privatePem: string;
}

const shortestPassphrase = 8;
const encryptedHeader = '-----BEGIN ENCRYPTED PRIVATE KEY-----';

/** A key for a person, encrypted; or, for a rehearsal, one without a passphrase. */
export function generateKey(
  options: { type?: KeyType } & ({ passphrase: string } | { rehearsal: true }),
): NewKey {
  const type = options.type ?? 'p256';
  if ('passphrase' in options && options.passphrase.length < shortestPassphrase) {
    throw new CountersignError(
      'KEY_INVALID',
      `the passphrase is shorter than ${shortestPassphrase} characters`,
      { hint: 'whoever gets the file tries passphrases at leisure: use several words' },
    );
  }
  const { publicKey, privateKey } =
    type === 'p256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  const protection = 'passphrase' in options ? { cipher: 'aes-256-cbc', passphrase: options.passphrase } : {};
  return {
    id: keyId(publicKey),
    type,
    publicPem: publicPemOf(publicKey),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem', ...protection }).toString(),
  };
}

export function isEncrypted(pem: string): boolean {
  return pem.trimStart().startsWith(encryptedHeader);
}

/** Opens a PKCS#8 file. The passphrase never appears in a message. */
export function loadSigner(pem: string, passphrase?: string): Signer {
  const encrypted = isEncrypted(pem);
  if (encrypted && !passphrase) {
    throw new CountersignError('KEY_INVALID', 'the private key is encrypted and no passphrase was given');
  }
  const key = openPrivateKey(pem, encrypted ? passphrase : undefined);
  const publicKey = createPublicKey(key);
  const type = typeOf(publicKey);
  return {
    keyid: keyId(publicKey),
    type,
    publicPem: publicPemOf(publicKey),
    unprotected: !encrypted,
    sign: async (bytes) => sign(type === 'p256' ? 'sha256' : null, bytes, key),
  };
}

function openPrivateKey(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    const what =
      passphrase === undefined ? 'is not a PKCS#8 private key in PEM' : 'does not open with this passphrase';
    throw new CountersignError('KEY_INVALID', `the private key ${what}`);
  }
}

/** A public key in SPKI PEM; a private key or a certificate in its place is refused. */
export function loadPublicKey(pem: string): KeyObject {
  if (!/^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/.test(pem)) {
    throw new CountersignError('KEY_INVALID', 'the public key is not one SPKI key in PEM');
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new CountersignError('KEY_INVALID', 'the public key can not be read');
  }
  typeOf(key);
  return key;
}

/** The SSH SHA-256 fingerprint: people compare it with `ssh-keygen -lf`, and cosign accepts no other key id. */
export function keyId(publicKey: KeyObject): string {
  return `SHA256:${createHash('sha256').update(sshBlob(publicKey)).digest('base64').replace(/=+$/, '')}`;
}

function sshBlob(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const point = (text: string) => Buffer.from(text, 'base64url');
  const parts =
    typeOf(publicKey) === 'ed25519'
      ? ['ssh-ed25519', point(x)]
      : ['ecdsa-sha2-nistp256', 'nistp256', Buffer.concat([Buffer.of(4), point(x), point(y)])];
  return Buffer.concat(parts.map(sshString));
}

function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** ECDSA signatures are DER: raw r||s passes in some tools and fails in others. */
export function verifySignature(publicKey: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify(typeOf(publicKey) === 'p256' ? 'sha256' : null, bytes, publicKey, signature);
}

export function typeOf(key: KeyObject): KeyType {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'ec' && curve === 'prime256v1') return 'p256';
  throw new CountersignError(
    'KEY_INVALID',
    `a key of type ${[key.asymmetricKeyType, curve].filter(Boolean).join(' ')} is not accepted`,
    { hint: 'use P-256 or Ed25519: not every verifier accepts the others' },
  );
}

function publicPemOf(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
