import type { Config } from '#pipeline/config.ts';
import { type DomainName, domainsOf } from '#pipeline/config-domains.ts';
import { declareEconomyFlags } from '#pipeline/economy/index.ts';
import { declareMonoFlags } from '#pipeline/mono/index.ts';
import { declarePayoutFlags } from '#pipeline/payouts/index.ts';
import type { FlagDeclaration } from '#pipeline/runtime/flags.ts';

/** Every flag of the service, by the domain that asks for it: the service and the scripts read this list only. */
export function declareFlags(config: Config): Record<DomainName, FlagDeclaration[]> {
  return {
    mono: declareMonoFlags(config),
    economy: declareEconomyFlags(config),
    payouts: declarePayoutFlags(),
  };
}

/** Those of the domains that run here. */
export function declareFlagsHere(config: Config): FlagDeclaration[] {
  const domains = domainsOf(config);
  const all = Object.entries(declareFlags(config)) as [DomainName, FlagDeclaration[]][];
  return all.flatMap(([domain, declarations]) => (domains.has(domain) ? declarations : []));
}
