import { randomInt, randomUUID } from 'node:crypto';
import { createPayout, type NewPayout } from '#pipeline/payouts/create.ts';
import { findPayout, type Payout } from '#pipeline/payouts/payouts.ts';
import { cashIn } from '#pipeline/payouts/wallets.ts';
import { type Database, openDatabase, type Queryable } from '#pipeline/runtime/db.ts';
import { startTestDatabase } from './postgres.ts';
import {
  type Answer,
  type CallOptions,
  payoutsSecret,
  startService,
  type TestService,
  testEnv,
} from './service.ts';

/** Nobody can log in with it: for tests that need the wallet, not the person. */
const noPassword = 'scrypt$1$1$1$AA$AA';

export interface TestWallet {
  userId: string;
  walletId: string;
}

/** A user whose wallet was filled through MOMO. */
export async function fundedWallet(db: Queryable, cents: bigint | number): Promise<TestWallet> {
  const { rows } = await db.query<TestWallet>(
    `WITH person AS (
       INSERT INTO app.users (email, phone_e164, country, password_hash) VALUES ($1, $2, 'TG', $3) RETURNING id
     )
     INSERT INTO app.wallets (user_id) SELECT id FROM person RETURNING user_id AS "userId", id AS "walletId"`,
    [`${randomUUID()}@example.org`, `+228${randomInt(1e9, 1e10)}`, noPassword],
  );
  const [wallet] = rows;
  if (!wallet) throw new Error('no wallet was made');
  if (cents > 0)
    await cashIn(db, {
      id: randomUUID(),
      walletId: wallet.walletId,
      provider: 'MOMO',
      amountCents: BigInt(cents),
    });
  return wallet;
}

export async function payoutOf(
  db: Queryable,
  walletId: string,
  changes: Partial<NewPayout> = {},
): Promise<Payout> {
  const id = randomUUID();
  await createPayout(db, {
    id,
    walletId,
    provider: 'TMONEY',
    phone: '+22890000003',
    amountCents: 100n,
    feeCents: 0n,
    country: 'TG',
    quote: {},
    ...changes,
  });
  const payout = await findPayout(db, changes.id ?? id);
  if (!payout) throw new Error('no payout was made');
  return payout;
}

export async function balanceOf(db: Queryable, walletId: string): Promise<bigint> {
  const sql = 'SELECT balance_cents FROM app.wallets WHERE id = $1';
  const { rows } = await db.query<{ balance_cents: string }>(sql, [walletId]);
  return BigInt(rows[0]?.balance_cents ?? -1);
}

export function openTestDatabase(url: string, max = 10): Database {
  return openDatabase({
    url,
    max,
    acquireTimeoutMs: 10_000,
    applicationName: 'payouts-test',
    onIdleError() {},
  });
}

export interface TestPerson extends TestWallet {
  email: string;
  call(method: 'GET' | 'POST', url: string, options?: CallOptions): Promise<Answer>;
  /** POST with an Idempotency-Key, a new one where none is given. */
  keyed(url: string, body: object, key?: string): Promise<Answer>;
  cashIn(cents: number): Promise<Answer>;
  cashOut(cents: number, key?: string, changes?: object): Promise<Answer>;
}

export interface TestPayouts {
  service: TestService;
  databaseUrl: string;
  db: Database;
  /** A user of the role, with a token of theirs, and a wallet that has so much. */
  person(options?: { role?: 'USER' | 'ADMIN'; cents?: number }): Promise<TestPerson>;
  stop(): Promise<void>;
}

export const cashInPath = '/v1/cash-in/mobile-money';
export const cashOutPath = '/v1/cash-out/mobile-money';
export const adminPath = '/v1/admin/mobile-money/payouts';

/** The service with payouts alone, on a database of its own. */
export async function startPayouts(extra: NodeJS.ProcessEnv = {}): Promise<TestPayouts> {
  const postgres = await startTestDatabase();
  const databaseUrl = await postgres.fresh();
  const service = await startService({
    ...testEnv(databaseUrl),
    DOMAINS: 'payouts',
    ...extra,
  });
  await service.app.started;
  const { db } = service.app.platform;
  return {
    service,
    databaseUrl,
    db,
    person: (options) => createPerson(service, options),
    async stop() {
      await service.close();
      await postgres.stop();
    },
  };
}

async function createPerson(
  service: TestService,
  { role = 'USER', cents = 0 }: { role?: 'USER' | 'ADMIN'; cents?: number } = {},
): Promise<TestPerson> {
  const { db } = service.app.platform;
  const wallet = await fundedWallet(db, cents);
  const { rows } = await db.query<{ email: string }>(
    'UPDATE app.users SET role = $2 WHERE id = $1 RETURNING email',
    [wallet.userId, role],
  );
  const call: TestPerson['call'] = (method, url, options = {}) =>
    service.call(method, url, { role, sub: wallet.userId, secret: payoutsSecret, ...options });
  const keyed: TestPerson['keyed'] = (url, body, key = randomUUID()) =>
    call('POST', url, { body, headers: { 'idempotency-key': key } });
  const order = (cents: number) => ({
    wallet_id: wallet.walletId,
    amount_cents: cents,
    country: 'TG',
    provider: 'TMONEY',
    phone_e164: '+22890000003',
  });
  return {
    ...wallet,
    email: rows[0]?.email ?? '',
    call,
    keyed,
    cashIn: (cents) => keyed(cashInPath, order(cents)),
    cashOut: (cents, key, changes = {}) => keyed(cashOutPath, { ...order(cents), ...changes }, key),
  };
}
