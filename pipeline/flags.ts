import type { Config } from '#pipeline/config.ts';
import { declareEconomyFlags } from '#pipeline/economy/index.ts';
import { declareMonoFlags } from '#pipeline/mono/index.ts';
import type { FlagDeclaration } from '#pipeline/runtime/flags.ts';

export type FlagDomain = 'mono' | 'economy';

/** Every flag of the service, by the domain that asks for it: the service and the scripts read this list only. */
export function declareFlags(config: Config): Record<FlagDomain, FlagDeclaration[]> {
  return { mono: declareMonoFlags(config), economy: declareEconomyFlags(config) };
}
