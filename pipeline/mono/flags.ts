import type { Config } from '#pipeline/config.ts';
import type { FlagDeclaration } from '#pipeline/runtime/flags.ts';

export const syncFlag = 'MONO_TRANSACTIONS_ENABLED';
export const backoffFlag = 'MONO_BACKOFF_FACTOR';

export function declareMonoFlags(config: Config): FlagDeclaration[] {
  return [
    {
      name: syncFlag,
      declared: config.MONO_TRANSACTIONS_ENABLED,
      description: 'Fetch, transform and persist; off answers a deferred response.',
    },
    {
      name: backoffFlag,
      declared: config.MONO_BACKOFF_FACTOR,
      description: 'Multiplies every wait before the client tries again.',
      minimum: 1,
      maximum: 100,
    },
  ];
}
