import { isSecretOf, isSigned, signBytes, type WebhookSecrets } from '#pipeline/shared/signature.ts';

export type { WebhookSecrets };

/** HMAC-SHA512 of the raw bytes, lower-case hex: what `x-mono-signature` carries. */
export function signBody(secret: string, body: string | Uint8Array): string {
  return signBytes('sha512', secret, body);
}

/** Is `signature` (hex in either case, `sha512=` allowed) the one of these raw bytes under either secret? */
export function verifySignature(
  signature: string | undefined,
  body: string | Uint8Array,
  secrets: WebhookSecrets,
): boolean {
  return isSigned('sha512', signature, body, secrets);
}

/** Is `given` the plain secret that Mono's own `mono-webhook-secret` header carries? */
export function verifySharedSecret(given: string | undefined, secrets: WebhookSecrets): boolean {
  return isSecretOf(given, secrets);
}
