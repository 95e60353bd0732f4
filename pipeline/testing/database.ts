import { afterAll, beforeAll } from 'vitest';
import { type Database, openDatabase } from '#pipeline/runtime/db.ts';
import { startTestDatabase, type TestDatabase } from './postgres.ts';

/** A migrated database for the tests of one file, opened before the first and closed after the last. */
export function useDatabase({ max }: { max: number }): { readonly db: Database; readonly url: string } {
  let postgres: TestDatabase;
  let db: Database;
  let url: string;
  beforeAll(async () => {
    postgres = await startTestDatabase();
    url = await postgres.fresh();
    db = openDatabase({
      url,
      max,
      acquireTimeoutMs: 20_000,
      applicationName: 'test',
      onIdleError: () => {},
    });
  }, 120_000);
  afterAll(async () => {
    await db?.close();
    await postgres?.stop();
  });
  return {
    get db() {
      return db;
    },
    get url() {
      return url;
    },
  };
}
