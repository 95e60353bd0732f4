import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { balanceOf, fundedWallet, openTestDatabase, payoutOf } from '#pipeline/testing/payouts.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import { ownWallet } from './wallets.ts';

let postgres: TestDatabase;
let url: string;
/** One connection, so that it is the one that was open. */
let db: Database;

beforeAll(async () => {
  postgres = await startTestDatabase();
  url = await postgres.fresh();
  db = openTestDatabase(url, 1);
}, 120_000);

afterAll(async () => {
  await db?.close();
  await postgres?.stop();
});

const latest = 4;
/** On a connection that has ended when this has: another one would be cut off with its database. */
async function migrate(direction: 'up' | 'down', count = latest): Promise<void> {
  const dbClient = new Client({ connectionString: url });
  await dbClient.connect();
  try {
    await runner({
      dbClient,
      dir: fileURLToPath(new URL('../migrations/', import.meta.url)),
      direction,
      count,
      migrationsTable: 'pgmigrations',
      checkOrder: true,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    });
  } finally {
    await dbClient.end();
  }
}

const sources = {
  constraints: `SELECT conrelid::regclass || ': ' || pg_get_constraintdef(oid) AS line FROM pg_constraint
    WHERE connamespace = 'app'::regnamespace AND conrelid <> 0`,
  indexes: `SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'app'`,
  triggers: `SELECT pg_get_triggerdef(oid) AS line FROM pg_trigger WHERE NOT tgisinternal`,
  columns: `SELECT concat_ws(' ', table_name, column_name, data_type, domain_name) AS line
    FROM information_schema.columns WHERE table_schema = 'app'`,
  domains: `SELECT contypid::regtype || ': ' || pg_get_constraintdef(oid) AS line FROM pg_constraint
    WHERE connamespace = 'app'::regnamespace AND contypid <> 0`,
  functions: `SELECT proname || md5(prosrc) AS line FROM pg_proc WHERE pronamespace = 'app'::regnamespace`,
};

async function schema() {
  const found: Record<string, string[]> = {};
  for (const [name, sql] of Object.entries(sources)) {
    found[name] = (await db.query<{ line: string }>(`${sql} ORDER BY 1`)).rows.map(({ line }) => line);
  }
  return found;
}

/** A request that begins in one table, and comes to another when the migration waits for it. */
async function migrateAround(first: string, next: string): Promise<void> {
  const migrated = await db.transaction(async (tx) => {
    await tx.query(`LOCK TABLE app.${first} IN ROW EXCLUSIVE MODE`);
    const migrating = Promise.allSettled([migrate('up', 1)]);
    const waiting = `SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
      WHERE d.datname = current_database() AND NOT granted`;
    await expect.poll(async () => (await tx.query(waiting)).rowCount, { timeout: 20_000 }).toBeGreaterThan(0);
    await tx.query(`LOCK TABLE app.${next} IN ROW EXCLUSIVE MODE`);
    return { migrating };
  });
  expect(await migrated.migrating).toMatchObject([{ status: 'fulfilled' }]);
}

describe('the laws of payouts, as domains and by statement', () => {
  it('come to a database that is in use, and go from it, without a service having to start again', async () => {
    const { userId, walletId } = await fundedWallet(db, 1_000);
    const own = (on: Queryable) => ownWallet(on, walletId, userId);
    await Promise.all([payoutOf(db, walletId), own(db)]);
    const after = await schema();

    await migrate('down');
    // What was prepared for other types is asked anew.
    expect(await own(db)).toMatchObject({ id: walletId });
    const before = await schema();
    expect(before.columns).not.toEqual(after.columns);
    expect(await payoutOf(db, walletId)).toMatchObject({ status: 'PENDING' });
    await expect(payoutOf(db, walletId, { amountCents: 5_000n })).rejects.toMatchObject({
      constraint: 'wallets_no_overdraft',
    });

    await own(db);
    await migrate('up');
    // Nothing can be asked anew within a transaction: there it fails once, and the connection is given up.
    await expect(db.transaction(own)).rejects.toMatchObject({ code: '0A000' });
    expect(await db.transaction(own)).toMatchObject({ id: walletId });
    expect(await schema()).toEqual(after);
    expect(await payoutOf(db, walletId)).toMatchObject({ status: 'PENDING' });
    const { rowCount } = await db.query('SELECT FROM app.mobile_money_payouts');
    expect(await balanceOf(db, walletId)).toBe(1_000n - 100n * BigInt(rowCount ?? 0));
  });

  it('end nothing that is under way, in whatever order that takes its tables', async () => {
    for (const [first, next] of [
      ['mobile_money_payouts', 'wallets'],
      ['wallets', 'mobile_money_payouts'],
    ] as const) {
      await migrate('down');
      await migrateAround(first, next);
      await migrateAround(first, next);
      await migrate('up', 2);
    }
    for (const [first, next] of [
      ['ledger_entries', 'idempotency_keys'],
      ['idempotency_keys', 'ledger_entries'],
    ] as const) {
      await migrate('down', 2);
      await migrateAround(first, next);
      await migrate('up', 1);
    }
  });
});
