import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '#pipeline/runtime/db.ts';
import { balanceOf, fundedWallet, openTestDatabase, payoutOf } from '#pipeline/testing/payouts.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';

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

const latest = 2;
const migrate = (direction: 'up' | 'down') =>
  runner({
    databaseUrl: url,
    dir: fileURLToPath(new URL('../migrations/', import.meta.url)),
    direction,
    count: latest,
    migrationsTable: 'pgmigrations',
    checkOrder: true,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });

const sources = {
  constraints: `SELECT conrelid::regclass || ': ' || pg_get_constraintdef(oid) AS line FROM pg_constraint
    WHERE connamespace = 'app'::regnamespace AND conrelid <> 0`,
  indexes: `SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'app'`,
  triggers: `SELECT pg_get_triggerdef(oid) AS line FROM pg_trigger WHERE NOT tgisinternal`,
  columns: `SELECT concat_ws(' ', table_name, column_name, data_type, domain_name) AS line
    FROM information_schema.columns WHERE table_schema = 'app'`,
  functions: `SELECT proname || md5(prosrc) AS line FROM pg_proc WHERE pronamespace = 'app'::regnamespace`,
};

async function schema() {
  const found: Record<string, string[]> = {};
  for (const [name, sql] of Object.entries(sources)) {
    found[name] = (await db.query<{ line: string }>(`${sql} ORDER BY 1`)).rows.map(({ line }) => line);
  }
  return found;
}

/** The first may find a statement that was prepared for other types; its connection goes, and the next works. */
async function payAgain(walletId: string) {
  await payoutOf(db, walletId).catch((error) => expect(error).toMatchObject({ code: '0A000' }));
  return payoutOf(db, walletId);
}

describe('the laws of payouts, as domains and by statement', () => {
  it('come to a database that is in use, and go from it, without a service having to start again', async () => {
    const { walletId } = await fundedWallet(db, 1_000);
    await payoutOf(db, walletId);
    const after = await schema();

    await migrate('down');
    const before = await schema();
    expect(before.columns).not.toEqual(after.columns);
    expect(await payAgain(walletId)).toMatchObject({ status: 'PENDING' });
    await expect(payoutOf(db, walletId, { amountCents: 5_000n })).rejects.toMatchObject({
      constraint: 'wallets_no_overdraft',
    });

    await migrate('up');
    expect(await schema()).toEqual(after);
    expect(await payAgain(walletId)).toMatchObject({ status: 'PENDING' });
    const { rowCount } = await db.query('SELECT FROM app.mobile_money_payouts');
    expect(await balanceOf(db, walletId)).toBe(1_000n - 100n * BigInt(rowCount ?? 0));
  });
});
