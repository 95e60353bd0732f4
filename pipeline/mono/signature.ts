import { createHmac, timingSafeEqual } from 'node:crypto';

/** HMAC-SHA512 of the raw bytes, lower-case hex: what `x-mono-signature` carries. */
export function signBody(secret: string, body: string | Uint8Array): string {
  return createHmac('sha512', requireSecret(secret)).update(body).digest('hex');
}

/** The current secret, and during a rotation the one before it. */
export interface WebhookSecrets {
  current: string;
  previous?: string | undefined;
}

/** Is `signature` (hex in either case, `sha512=` allowed) the one of these raw bytes under either secret? */
export function verifySignature(
  signature: string | undefined,
  body: string | Uint8Array,
  secrets: WebhookSecrets,
): boolean {
  const hex = (signature ?? '')
    .trim()
    .replace(/^sha512=/i, '')
    .toLowerCase();
  return matchesAny(hex, secrets, (secret) => signBody(secret, body));
}

/** Is `given` the plain secret that Mono's own `mono-webhook-secret` header carries? */
export function verifySharedSecret(given: string | undefined, secrets: WebhookSecrets): boolean {
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
