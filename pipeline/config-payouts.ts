import { Type } from 'typebox';

const url = () => Type.String({ pattern: '^(https?://\\S+)?$', default: '' });
const secret = () => Type.String({ default: '', secret: true });
const text = (fallback = '') => Type.String({ pattern: '^[\\w.@-]*$', default: fallback });
const milliseconds = (minimum: number, fallback: number) =>
  Type.Integer({ minimum, maximum: 3_600_000, default: fallback });

/** A provider without a base URL is disabled: nothing is sent to it. */
export const payoutProperties = {
  TMONEY_BASE_URL: url(),
  TMONEY_API_KEY: secret(),
  FLOOZ_BASE_URL: url(),
  FLOOZ_USER: text(),
  FLOOZ_PASSWORD: secret(),
  MOMO_BASE_URL: url(),
  MOMO_API_USER: text(),
  MOMO_API_KEY: secret(),
  MOMO_SUBSCRIPTION_KEY: secret(),
  MOMO_TARGET_ENVIRONMENT: text('sandbox'),
  THUNES_BASE_URL: url(),
  THUNES_API_KEY: text(),
  THUNES_API_SECRET: secret(),
  THUNES_PAYER_ID: text(),
  /** Never with ENV=prod. */
  THUNES_ALLOW_UNSIGNED_WEBHOOKS: Type.Boolean({ default: false }),
  /** The /v1/webhooks of this service as providers reach it, for those that are told where to call back. */
  PAYOUT_CALLBACK_URL: url(),
  PAYOUT_BATCH: Type.Integer({ minimum: 1, maximum: 1000, default: 50 }),
  PAYOUT_INTERVAL_MS: milliseconds(10, 5000),
  PAYOUT_POLL_MS: milliseconds(10, 60_000),
  PAYOUT_BACKOFF_MS: milliseconds(10, 30_000),
  PAYOUT_TIMEOUT_MS: milliseconds(10, 10_000),
  /** Of callbacks that are dealt with; those about open payouts stay. */
  WEBHOOK_EVENT_RETENTION_DAYS: Type.Integer({ minimum: 1, maximum: 3650, default: 90 }),
  /** Longer than any provider needs until what it took is found by our reference. */
  PAYOUT_SETTLE_MS: milliseconds(0, 20_000),
};
