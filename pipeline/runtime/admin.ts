import type { FastifyInstance } from 'fastify';
import type { Setting } from '#pipeline/config.ts';
import { FlagBody, FlagsAnswer, SettingsAnswer } from '#pipeline/runtime/admin-schemas.ts';
import { envelope } from '#pipeline/shared/envelope.ts';
import { ServiceError } from './errors.ts';
import type { FlagStore, FlagValue } from './flag-store.ts';
import type { FlagDeclaration, Flags } from './flags.ts';
import type { TypedApp } from './http.ts';

export interface AdminDeps {
  settings: Setting[];
  flags: Flags;
  flagStore: FlagStore;
  instanceId: string;
  rateLimitStore: string;
  secretSources: { name: string; source: string }[];
  oldestTokenSeconds(): number;
}

const config = { auth: 'ADMIN' } as const;
const security = [{ bearer: [] }];
const tags = ['administration'];

export function registerAdmin(plain: FastifyInstance, deps: AdminDeps): void {
  const app = plain as TypedApp;
  const readFlags = async () => {
    await deps.flags.refresh();
    const [overrides, instances] = await Promise.all([deps.flagStore.overrides(), deps.flagStore.states()]);
    const flags = deps.flags.view().map((view) => ({
      ...view,
      overrides: overrides.filter(({ flag }) => flag === view.flag),
      instances: instances.filter(({ flag }) => flag === view.flag),
    }));
    return { instance: deps.instanceId, flags };
  };
  app.get(
    '/api/v1/admin/settings',
    { config, schema: { security, tags, response: { 200: SettingsAnswer } } },
    async () => envelope('settings_listed', describeSettings(deps)),
  );
  app.get(
    '/api/v1/admin/flags',
    { config, schema: { security, tags, response: { 200: FlagsAnswer } } },
    async () => envelope('flags_listed', await readFlags()),
  );
  app.put(
    '/api/v1/admin/flags',
    { config, schema: { security, tags, body: FlagBody, response: { 200: FlagsAnswer } } },
    async (request) => {
      const { flag, value, instance = '*', reason = null } = request.body;
      const { for_seconds: forSeconds, if_updated_at: ifUpdatedAt } = request.body;
      const declaration = deps.flags.declarations.find(({ name }) => name === flag);
      if (!declaration) throw new ServiceError('NOT_FOUND', `no flag ${flag}`);
      if (value !== null) assertFits(declaration, value);
      const actor = request.user.sub;
      await deps.flagStore.change({ flag, instance, value, reason, actor, forSeconds, ifUpdatedAt });
      return envelope('flag_changed', await readFlags());
    },
  );
}

function assertFits(declaration: FlagDeclaration, value: FlagValue): void {
  const { name, declared, minimum = -Infinity, maximum = Infinity } = declaration;
  if (typeof value !== typeof declared)
    throw new ServiceError('BAD_REQUEST', `${name} is a ${typeof declared}`);
  if (typeof value === 'number' && !(value >= minimum && value <= maximum)) {
    throw new ServiceError('BAD_REQUEST', `${name} lies between ${minimum} and ${maximum}`);
  }
}

/** Names and states, never a value: this answer goes into evidence. */
function describeSettings(deps: AdminDeps) {
  const overridden = new Set(deps.flags.view().flatMap(({ flag, drift }) => (drift ? [flag] : [])));
  return {
    instance: deps.instanceId,
    settings: deps.settings.map(({ name, set, source, secret }) => ({
      name,
      set,
      state: source === 'default' ? ('default' as const) : ('overridden' as const),
      source,
      secret,
      flag_drift: overridden.has(name),
    })),
    rate_limit_store: deps.rateLimitStore,
    secret_sources: deps.secretSources,
    oldest_token_age_seconds: Math.round(deps.oldestTokenSeconds()),
    token_max_age_seconds: 3600,
  };
}
