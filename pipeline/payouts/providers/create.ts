import type { Config } from '#pipeline/config.ts';
import type { Provider } from '#pipeline/payouts/payouts.ts';
import { createFlooz } from './flooz.ts';
import { createMomo } from './momo.ts';
import type { PayoutProvider } from './provider.ts';
import { createThunes } from './thunes.ts';
import { createTmoney } from './tmoney.ts';

/** Those that have a base URL. */
export function createProviders(config: Config): ReadonlyMap<Provider, PayoutProvider> {
  const callbackUrl = (provider: Provider) =>
    config.PAYOUT_CALLBACK_URL === ''
      ? undefined
      : `${config.PAYOUT_CALLBACK_URL.replace(/\/+$/, '')}/${provider.toLowerCase()}`;
  const made: (PayoutProvider | false)[] = [
    config.TMONEY_BASE_URL !== '' &&
      createTmoney({
        baseUrl: config.TMONEY_BASE_URL,
        apiKey: config.TMONEY_API_KEY,
        callbackUrl: callbackUrl('TMONEY'),
      }),
    config.FLOOZ_BASE_URL !== '' &&
      createFlooz({
        baseUrl: config.FLOOZ_BASE_URL,
        user: config.FLOOZ_USER,
        password: config.FLOOZ_PASSWORD,
      }),
    config.MOMO_BASE_URL !== '' &&
      createMomo({
        baseUrl: config.MOMO_BASE_URL,
        apiUser: config.MOMO_API_USER,
        apiKey: config.MOMO_API_KEY,
        subscriptionKey: config.MOMO_SUBSCRIPTION_KEY,
        targetEnvironment: config.MOMO_TARGET_ENVIRONMENT,
        callbackUrl: callbackUrl('MOMO'),
      }),
    config.THUNES_BASE_URL !== '' &&
      createThunes({
        baseUrl: config.THUNES_BASE_URL,
        apiKey: config.THUNES_API_KEY,
        apiSecret: config.THUNES_API_SECRET,
        payerId: config.THUNES_PAYER_ID,
        callbackUrl: callbackUrl('THUNES'),
      }),
  ];
  return new Map(made.flatMap((provider) => (provider ? [[provider.name, provider] as const] : [])));
}
