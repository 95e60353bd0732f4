import { demo, seedEconomy } from '#pipeline/economy/seed.ts';
import { startTestDatabase, type TestDatabase } from './postgres.ts';
import { type Answer, type CallOptions, startService, type TestService, testEnv } from './service.ts';

export const passwords = { memberPassword: 'a member of the demo', adminPassword: 'an admin of the demo' };

export interface TestEconomy {
  service: TestService;
  databaseUrl: string;
  /** Ids by SKU. */
  items: Record<string, number>;
  as(
    who: keyof typeof demo,
    method: 'GET' | 'POST' | 'PUT',
    url: string,
    options?: CallOptions,
  ): Promise<Answer>;
  setFlag(flag: string, value: boolean): Promise<void>;
  stop(): Promise<void>;
}

export async function startEconomy(extra: NodeJS.ProcessEnv = {}): Promise<TestEconomy> {
  const postgres: TestDatabase = await startTestDatabase();
  const databaseUrl = await postgres.fresh();
  const service = await startService({ ...testEnv(databaseUrl), ...extra });
  await service.app.started;
  const { db, flags } = service.app.platform;
  const { items } = await seedEconomy(db, passwords);
  const as: TestEconomy['as'] = (who, method, url, options = {}) =>
    service.call(method, url, { role: demo[who].role, sub: demo[who].id, ...options });
  return {
    service,
    databaseUrl,
    items,
    as,
    async setFlag(flag, value) {
      await as('admin', 'PUT', '/api/v1/admin/flags', { body: { flag, value } });
      await flags.refresh();
    },
    async stop() {
      await service.close();
      await postgres.stop();
    },
  };
}
