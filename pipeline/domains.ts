import type { FastifyInstance } from 'fastify';
import type { Config } from '#pipeline/config.ts';
import { domainsOf } from '#pipeline/config-domains.ts';
import { createEconomy, translateEconomyError } from '#pipeline/economy/index.ts';
import { createMono, translateMonoError } from '#pipeline/mono/index.ts';
import { createPayouts, roleOfUser } from '#pipeline/payouts/index.ts';
import type { Platform } from '#pipeline/platform.ts';
import type { Realm } from '#pipeline/runtime/auth.ts';
import type { Translate } from '#pipeline/runtime/errors-http.ts';
import type { JobQueue } from '#pipeline/runtime/queue.ts';

/** A part of the service that runs or does not run here. */
export interface Domain {
  register(app: FastifyInstance): void | Promise<void>;
  /** When the schema is there. */
  start?(): void | Promise<void>;
  stop?(): Promise<void>;
  translate?: Translate;
}

export interface DomainDeps {
  config: Config;
  platform: Platform;
  queue: JobQueue;
  /** Aborted when runs under way have had their time. */
  signal: AbortSignal;
}

/** The ones of `DOMAINS`, in the order of their routes. */
export function createDomains({ config, platform, queue, signal }: DomainDeps): Domain[] {
  const domains = domainsOf(config);
  const made: Domain[] = [];
  if (domains.has('mono')) {
    made.push({ ...createMono({ config, ...platform, queue, signal }), translate: translateMonoError });
  }
  if (domains.has('economy')) {
    made.push({ ...createEconomy({ config, ...platform }), translate: translateEconomyError });
  }
  if (domains.has('payouts')) made.push(createPayouts({ config, ...platform }));
  return made;
}

/** The first one is that of the administration, too. */
export function createRealms(config: Config, { db }: Pick<Platform, 'db'>): Realm[] {
  const { JWT_SECRET_KEY: platformKey, JWT_SECRET: payoutsKey } = config;
  const domains = domainsOf(config);
  const realms: Realm[] = [];
  if (platformKey !== undefined && (domains.has('mono') || domains.has('economy'))) {
    realms.push({ name: 'platform', secret: platformKey });
  }
  if (payoutsKey !== undefined && domains.has('payouts')) {
    realms.push({ name: 'payouts', secret: payoutsKey, roleOf: (sub) => roleOfUser(db, sub) });
  }
  return realms;
}
