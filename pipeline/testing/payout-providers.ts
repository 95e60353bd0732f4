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
