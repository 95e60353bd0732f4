import type { Config } from '#pipeline/config.ts';
import type { Provider } from '#pipeline/payouts/payouts.ts';
import { isSigned, type WebhookSecrets } from '#pipeline/shared/signature.ts';

export type Verdict =
  | 'valid'
  | 'unsigned'
  | 'WEBHOOK_SECRET_NOT_CONFIGURED'
  | 'MISSING_SIGNATURE'
  | 'INVALID_SIGNATURE';

/** Whether these bytes came from the provider; each provider may have a way of its own. */
export interface WebhookVerifier {
  verify(signature: string | undefined, body: Uint8Array): Verdict;
}

/** HMAC-SHA256 of the raw bytes, `sha256=` before it or not, under the current secret or the one before it. */
export function createHmacVerifier(secrets: WebhookSecrets | undefined): WebhookVerifier {
  return {
    verify(signature, body) {
      if (!secrets) return 'WEBHOOK_SECRET_NOT_CONFIGURED';
      if (signature === undefined || signature.trim() === '') return 'MISSING_SIGNATURE';
      return isSigned('sha256', signature, body, secrets) ? 'valid' : 'INVALID_SIGNATURE';
    },
  };
}

/** For a provider that does not sign yet: what carries no signature is taken, what carries a wrong one is not. */
export function allowUnsigned(verifier: WebhookVerifier): WebhookVerifier {
  return {
    verify(signature, body) {
      return signature === undefined ? 'unsigned' : verifier.verify(signature, body);
    },
  };
}

export function createVerifiers(config: Config): Readonly<Record<Provider, WebhookVerifier>> {
  const hmac = (current: string, previous: string) =>
    createHmacVerifier(current === '' ? undefined : { current, ...(previous !== '' && { previous }) });
  const thunes = hmac(config.THUNES_WEBHOOK_SECRET, config.THUNES_WEBHOOK_SECRET_PREVIOUS);
  const isOpen = config.THUNES_ALLOW_UNSIGNED_WEBHOOKS && config.ENV !== 'prod';
  return {
    TMONEY: hmac(config.TMONEY_WEBHOOK_SECRET, config.TMONEY_WEBHOOK_SECRET_PREVIOUS),
    FLOOZ: hmac(config.FLOOZ_WEBHOOK_SECRET, config.FLOOZ_WEBHOOK_SECRET_PREVIOUS),
    MOMO: hmac(config.MOMO_WEBHOOK_SECRET, config.MOMO_WEBHOOK_SECRET_PREVIOUS),
    THUNES: isOpen ? allowUnsigned(thunes) : thunes,
  };
}
