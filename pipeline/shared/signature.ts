import { createHmac, timingSafeEqual } from 'node:crypto';

export type SignatureHash = 'sha256' | 'sha512';

/** The current secret, and during a rotation the one before it. */
export interface WebhookSecrets {
  current: string;
  previous?: string | undefined;
}

/** HMAC of the raw bytes, lower-case hex. */
export function signBytes(hash: SignatureHash, secret: string, body: string | Uint8Array): string {
  return createHmac(hash, requireSecret(secret)).update(body).digest('hex');
}

/** Is `signature` (hex in either case, the hash and `=` before it allowed) the one of these bytes under either secret? */
export function isSigned(
  hash: SignatureHash,
  signature: string | undefined,
  body: string | Uint8Array,
  secrets: WebhookSecrets,
): boolean {
  const hex = (signature ?? '').trim().toLowerCase();
  const plain = hex.startsWith(`${hash}=`) ? hex.slice(hash.length + 1) : hex;
  return matchesAny(plain, secrets, (secret) => signBytes(hash, secret, body));
}

/** Is `given` one of the secrets itself? */
export function isSecretOf(given: string | undefined, secrets: WebhookSecrets): boolean {
  return matchesAny(given ?? '', secrets, requireSecret);
}

function matchesAny(given: string, secrets: WebhookSecrets, expected: (secret: string) => string): boolean {
  const known = [secrets.current, secrets.previous].filter((secret) => secret !== undefined);
  // Both are always compared: the time taken does not tell which of the two secrets matched.
  return known.map((secret) => equal(given, expected(secret))).includes(true);
}

function equal(given: string, expected: string): boolean {
  // Hashed first: timingSafeEqual needs equal lengths, and the length of a secret is not for the caller to learn.
  const digest = (text: string) => createHmac('sha512', 'length').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function requireSecret(secret: string): string {
  if (secret === '') throw new RangeError('the webhook secret is empty: nothing can be verified with it');
  return secret;
}
