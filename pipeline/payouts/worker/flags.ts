import { type Provider, providers } from '#pipeline/payouts/payouts.ts';
import type { FlagDeclaration } from '#pipeline/runtime/flags.ts';

export const enabledFlag = (provider: Provider) => `PAYOUTS_${provider}_ENABLED`;
export const pausedFlag = (provider: Provider) => `PAYOUTS_${provider}_PAUSED`;
export const backoffFlag = (provider: Provider) => `PAYOUTS_${provider}_BACKOFF_FACTOR`;

/** What an operator turns for one provider while the service runs. */
export function declarePayoutFlags(): FlagDeclaration[] {
  return providers.flatMap((provider) => [
    {
      name: enabledFlag(provider),
      declared: true,
      description: `Off: nothing new is sent to ${provider}, and its callbacks are refused.`,
    },
    {
      name: pausedFlag(provider),
      declared: false,
      description: `On: the workers leave ${provider} alone; its callbacks are still taken.`,
    },
    {
      name: backoffFlag(provider),
      declared: 1,
      description: `Multiplies every wait before ${provider} is tried or asked again.`,
      minimum: 1,
      maximum: 100,
    },
  ]);
}
