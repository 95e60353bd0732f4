import type { Config, ConfigName } from './config.ts';
import { productionProblems } from './config-production.ts';

export type DomainName = 'mono' | 'economy' | 'payouts';

/** Which parts of the service run here. */
export function domainsOf({ DOMAINS: list = '' }: Partial<Config>): ReadonlySet<DomainName> {
  return new Set(list.split(',') as DomainName[]);
}

const keys: Readonly<Record<DomainName, ConfigName>> = {
  mono: 'JWT_SECRET_KEY',
  economy: 'JWT_SECRET_KEY',
  payouts: 'JWT_SECRET',
};

/** The domains whose tokens it signs: none for any other variable. */
export function domainsThatNeed(name: string): DomainName[] {
  return (Object.keys(keys) as DomainName[]).filter((domain) => keys[domain] === name);
}

/** Adds what the domains of `DOMAINS` lack: their keys anywhere, and with ENV=prod whatever would be weak there. */
export function checkDomains(config: Partial<Config>, problems: Map<string, string>): void {
  const domains = domainsOf(config);
  const lacks = (name: ConfigName, problem: string) => {
    if (!problems.has(name)) problems.set(name, `${name} ${problem}`);
  };
  for (const [domain, name] of Object.entries(keys) as [DomainName, ConfigName][]) {
    if (domains.has(domain) && config[name] === undefined)
      lacks(name, `is required while DOMAINS has ${domain}`);
  }
  if (config.JWT_SECRET !== undefined && config.JWT_SECRET === config.JWT_SECRET_KEY) {
    lacks('JWT_SECRET', 'must not be JWT_SECRET_KEY: a token of one would be good for the other');
  }
  if (config.ENV !== 'prod' || !domains.has('payouts')) return;
  for (const [name, problem] of productionProblems(config)) lacks(name, problem);
}
