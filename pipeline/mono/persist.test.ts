import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Registry } from '@prometheus-io/client';
import fc from 'fast-check';
import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '#pipeline/runtime/db.ts';
import { decimalToMinor } from '#pipeline/shared/money.ts';
import { useDatabase } from '#pipeline/testing/database.ts';
import { getAccount, readTotals } from './accounts.ts';
import { createMonoMetrics } from './metrics.ts';
import { storePage } from './persist.ts';
import { claimRun, finishRun } from './runs.ts';
import { seedAccount } from './seed.ts';
import { syncAccount } from './sync.ts';
import { transformTransaction } from './transform.ts';
import type { FetchWindow, MonoClient, TransformOutcome } from './types.ts';

const database = useDatabase({ max: 4 });
let db: Database;
beforeAll(() => {
  db = database.db;
});

async function newAccount() {
  const accountId = randomUUID();
  await seedAccount(db, {
    accountId,
    connectionId: randomUUID(),
    siId: 'si-test',
    monoAccountId: 'acc',
    providerAccountId: 'provider',
    accountNumber: '0123456789',
  });
  return getAccount(db, accountId);
}

/** One run that stores these pages, as the pipeline would. */
async function store(account: Awaited<ReturnType<typeof newAccount>>, pages: unknown[][]) {
  const runId = randomUUID();
  await claimRun(db, {
    runId,
    accountId: account.id,
    trigger: 'test',
    start: undefined,
    end: undefined,
    pageLimit: 10,
    instanceId: 'test',
  });
  const counts = { pages: 0, fetched: 0, inserted: 0, duplicates: 0, rejected: 0 };
  for (const [index, transactions] of pages.entries()) {
    const page = { page: index + 1, total: 0, transactions, raw: '' };
    const outcomes = transactions.map((raw) => transformTransaction(raw, { currency: 'NGN' }));
    const stored = await storePage(db, { runId, account, page, outcomes, cursor: null });
    counts.inserted += stored.inserted;
    counts.duplicates += stored.duplicates;
    counts.rejected += stored.rejected;
  }
  await finishRun(db, runId, { state: 'completed', counts, reason: null });
  return counts;
}

const row = fc.record({
  id: fc.integer({ min: 0, max: 30 }).map((id) => `tx_${id}`),
  amount: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  type: fc.constantFrom('credit', 'debit'),
  date: fc.constant('2026-11-20T09:30:00.000Z'),
  narration: fc.string(),
  balance: fc.constant(null),
  category: fc.constant(null),
});

it('M5: when a page cannot be stored, nobody waits for the next one', async () => {
  const account = await newAccount();
  const bad = { ok: true, row: { transactionDate: '2026-11-20T09:30:00.000Z' } } as TransformOutcome;
  const page = { total: 3, transactions: [{}], raw: '' };
  const client = {
    async *pages({ signal }: FetchWindow) {
      yield { ...page, page: 1 };
      yield { ...page, page: 2 };
      await once(signal as AbortSignal, 'abort');
      throw signal?.reason;
    },
  } as unknown as MonoClient;
  const registry = new Registry();
  const run = syncAccount(
    {
      db,
      client,
      metrics: createMonoMetrics(registry, { maxAccounts: 10 }),
      log: pino({ level: 'silent' }),
      instanceId: 'test',
      overlapDays: 3,
      transform: () => bad,
    },
    {
      accountId: account.id,
      window: { mode: 'full' },
      pageLimit: 1,
      trigger: 'manual',
      isLastAttempt: true,
    },
  );
  await expect(run).rejects.toMatchObject({ name: 'SyncFailedError', cause: { code: '23502' } });
  expect(await registry.metrics()).toContain('stage="persist",reason="DatabaseError"');
});

describe('M7: storing pages', () => {
  it('holds each id once with the exact sum, and counts exactly, whatever repeats', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 12 }), { maxLength: 6 }), async (pages) => {
        const account = await newAccount();
        // The same id always has the same content, as with any provider.
        const first = new Map(pages.flat().map((item) => [item.id, item]));
        const same = pages.map((page) => page.map((item) => first.get(item.id) ?? item));
        expect(await store(account, same)).toMatchObject({
          inserted: first.size,
          duplicates: 0,
          rejected: 0,
        });
        expect(await store(account, same)).toMatchObject({ inserted: 0, duplicates: first.size });
        const sum = [...first.values()].reduce((total, { amount }) => total + BigInt(amount), 0n);
        const totals = await readTotals(db, account.id);
        expect(totals.transaction_count).toBe(first.size);
        expect(decimalToMinor(totals.total_amount)).toBe(sum);
      }),
      { numRuns: 20 },
    );
  });

  it('keeps nothing of a page when any part of it cannot be stored', async () => {
    const account = await newAccount();
    const good = { id: 'a', amount: 100, type: 'credit', date: '2026-11-20T09:30:00Z', narration: null };
    const runId = randomUUID();
    const page = { page: 1, total: 1, transactions: [good], raw: '' };
    const outcomes = page.transactions.map((raw) => transformTransaction(raw, { currency: 'NGN' }));
    await expect(storePage(db, { runId, account, page, outcomes, cursor: null })).rejects.toThrow(/lease/);
    expect((await readTotals(db, account.id)).transaction_count).toBe(0);
    const { rows } = await db.query('SELECT FROM mono_raw_payloads WHERE account_id = $1', [account.id]);
    expect(rows).toHaveLength(0);
  });
});
