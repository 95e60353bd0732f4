import { createFlooz } from '#pipeline/payouts/providers/flooz.ts';
import { createMomo } from '#pipeline/payouts/providers/momo.ts';
import type { PayoutProvider } from '#pipeline/payouts/providers/provider.ts';
import { createThunes } from '#pipeline/payouts/providers/thunes.ts';
import { createTmoney } from '#pipeline/payouts/providers/tmoney.ts';
import type { RunningPayoutSimulator } from '#pipeline/simulators/payouts/start.ts';

/** The four providers as the service knows them, of a running simulator. */
export function simulatedProviders({ urls }: RunningPayoutSimulator): PayoutProvider[] {
  return [
    createTmoney({ baseUrl: urls.TMONEY, apiKey: 'key' }),
    createFlooz({ baseUrl: urls.FLOOZ, user: 'user', password: 'password' }),
    createMomo({
      baseUrl: urls.MOMO,
      apiUser: 'user',
      apiKey: 'key',
      subscriptionKey: 'subscription',
      targetEnvironment: 'sandbox',
    }),
    createThunes({ baseUrl: urls.THUNES, apiKey: 'key', apiSecret: 'secret', payerId: '1' }),
  ];
}

/** The same for a process of its own. */
export const providerEnv = ({ urls }: RunningPayoutSimulator): NodeJS.ProcessEnv => ({
  TMONEY_BASE_URL: urls.TMONEY,
  TMONEY_API_KEY: 'key',
  FLOOZ_BASE_URL: urls.FLOOZ,
  FLOOZ_USER: 'user',
  FLOOZ_PASSWORD: 'password',
  MOMO_BASE_URL: urls.MOMO,
  MOMO_API_USER: 'user',
  MOMO_API_KEY: 'key',
  MOMO_SUBSCRIPTION_KEY: 'subscription',
  THUNES_BASE_URL: urls.THUNES,
  THUNES_API_KEY: 'key',
  THUNES_API_SECRET: 'secret',
  THUNES_PAYER_ID: '1',
});
