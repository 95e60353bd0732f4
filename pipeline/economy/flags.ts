import type { Config } from '#pipeline/config.ts';
import type { FlagDeclaration } from '#pipeline/runtime/flags.ts';

export const observabilityFlag = 'MODERATION_OBSERVABILITY_ENABLED';
export const purchaseFlag = 'PURCHASE_ENFORCEMENT_ENABLED';
export const connectFlag = 'MODERATION_ENFORCEMENT_WS';
export const cacheFlag = 'MODERATION_CACHE_ENABLED';

export function declareEconomyFlags(config: Config): FlagDeclaration[] {
  return [
    {
      name: observabilityFlag,
      declared: config.MODERATION_OBSERVABILITY_ENABLED,
      description: 'Exposes the moderation metrics; off, nothing is counted.',
    },
    {
      name: purchaseFlag,
      declared: config.PURCHASE_ENFORCEMENT_ENABLED,
      description: 'Refuses purchases of banned and muted members; off, no sanction is looked up.',
    },
    {
      name: connectFlag,
      declared: config.MODERATION_ENFORCEMENT_WS,
      description: 'Refuses connections of banned and suspended members; off, no sanction is looked up.',
    },
    {
      name: cacheFlag,
      declared: config.MODERATION_CACHE_ENABLED,
      description: 'Keeps the sanctions of a member for MODERATION_CACHE_TTL_SECONDS.',
    },
  ];
}
