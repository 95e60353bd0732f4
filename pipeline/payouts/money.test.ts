import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { balanceOf, startPayouts, type TestPayouts, type TestPerson } from '#pipeline/testing/payouts.ts';
import { confirm, fail, markSent, reopen } from './payouts.ts';
import { quoteCashOut } from './quote.ts';

let payouts: TestPayouts;

beforeAll(async () => {
  payouts = await startPayouts({ PAYOUT_FEE_BASIS_POINTS: '150' });
}, 120_000);

afterAll(() => payouts?.stop());

/** What must hold of all books at any time, whoever did what. */
async function expectBooksInOrder(): Promise<void> {
  const one = async (sql: string) => (await payouts.db.query<{ bad: string }>(sql)).rows[0]?.bad;
  expect(await one('SELECT coalesce(sum(amount_cents), 0)::text AS bad FROM app.ledger_entries')).toBe('0');
  const wallets = `SELECT count(*)::text AS bad FROM app.wallets w WHERE balance_cents < 0 OR balance_cents <>
    (SELECT coalesce(sum(amount_cents), 0) FROM app.ledger_entries e WHERE e.wallet_id = w.id)`;
  expect(await one(wallets)).toBe('0');
  const unfunded = `SELECT count(*)::text AS bad FROM app.mobile_money_payouts p, LATERAL (
      SELECT sum(e.amount_cents) AS net FROM app.transactions t
      JOIN app.ledger_entries e ON e.transaction_id = t.id AND e.account = 'WALLET'
      WHERE t.cash_out_id = p.transaction_id) books
    WHERE -books.net <> CASE p.status WHEN 'FAILED' THEN 0
      ELSE p.amount_cents + (p.quote ->> 'fee_cents')::bigint END`;
  expect(await one(unfunded)).toBe('0');
}

type Step =
  | { do: 'cash in' | 'cash out'; cents: number }
  | { do: 'send' | 'confirm' | 'fail' | 'reopen'; which: number };

const cents = fc.integer({ min: 1, max: 700 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('cash in', 'cash out'), cents }),
  fc.record({ do: fc.constantFrom('send', 'confirm', 'fail', 'reopen'), which: fc.nat(7) }),
) as fc.Arbitrary<Step>;
/** Steps of one group are taken at once, by five connections or more. */
const groups = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 });

async function take(person: TestPerson, made: string[], taken: Step): Promise<void> {
  if (taken.do === 'cash in') await person.cashIn(taken.cents);
  else if (taken.do === 'cash out') {
    const { status, body } = await person.cashOut(taken.cents);
    expect([200, 409]).toContain(status);
    if (status === 200) made.push(body.transaction_id);
  } else if ('which' in taken) {
    const id = made[taken.which % Math.max(made.length, 1)];
    if (id === undefined) return;
    const { db } = payouts;
    if (taken.do === 'send') await markSent(db, id, { providerRef: null, delaySeconds: 1 });
    if (taken.do === 'confirm') await confirm(db, id);
    if (taken.do === 'fail') await fail(db, id, { error: 'x', retryable: true });
    // What was returned may be spent by now: then it stays as it is.
    if (taken.do === 'reopen') await reopen(db, id, { force: false }).catch(refusedForFunds);
  }
}

function refusedForFunds(thrown: unknown): void {
  expect(thrown).toMatchObject({ constraint: 'wallets_no_overdraft' });
}

describe('money', () => {
  it('sums to zero, and no wallet is overdrawn, whatever is done at once', async () => {
    await fc.assert(
      fc.asyncProperty(groups, async (all) => {
        const person = await payouts.person({ cents: 1000 });
        const made: string[] = [];
        for (const group of all) await Promise.all(group.map((each) => take(person, made, each)));
        await expectBooksInOrder();
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('goes out once for each key, however often and with whatever others it is sent', async () => {
    const orders = fc.array(fc.record({ key: fc.nat(5), times: fc.integer({ min: 1, max: 4 }) }), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(orders, async (all) => {
        const person = await payouts.person({ cents: 10_000 });
        const sent = all.flatMap(({ key, times }) => Array.from({ length: times }, () => key));
        const answers = await Promise.all(sent.map((key) => person.cashOut(100, `key-${key}`)));
        const ids = new Map<number, Set<string>>();
        for (const [index, { status, body }] of answers.entries()) {
          if (status !== 200) expect(body).toEqual({ detail: 'IDEMPOTENCY_IN_PROGRESS' });
          else ids.set(sent[index] ?? -1, (ids.get(sent[index] ?? -1) ?? new Set()).add(body.transaction_id));
        }
        expect([...ids.values()].map((set) => set.size)).toEqual(Array(new Set(sent).size).fill(1));
        expect(await balanceOf(payouts.db, person.walletId)).toBe(
          10_000n - 102n * BigInt(new Set(sent).size),
        );
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  it('that was acknowledged is there after connections were cut, and the same key again pays nothing twice', async () => {
    const person = await payouts.person({ cents: 1_000_000 });
    const { probe } = payouts.service.app.platform;
    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
      AND pid <> pg_backend_pid() AND application_name LIKE 'countersign-test-%' AND xact_start IS NOT NULL`;
    const keys = Array.from({ length: 120 }, (_each, index) => `cut-${index}`);
    let isDone = false;
    const cutting = (async () => {
      while (!isDone) await probe.query(cut);
    })();
    const first = await Promise.all(keys.map((key) => person.cashOut(100, key)));
    isDone = true;
    await cutting;
    const refused = first.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    const { rows } = await payouts.db.query<{ id: string }>(
      'SELECT transaction_id AS id FROM app.mobile_money_payouts',
    );
    const there = new Set(rows.map(({ id }) => id));
    const acknowledged = first.filter(({ status }) => status === 200);
    expect(acknowledged.filter(({ body }) => !there.has(body.transaction_id))).toEqual([]);
    for (const key of keys) expect((await person.cashOut(100, key)).status).toBe(200);
    expect(await balanceOf(payouts.db, person.walletId)).toBe(1_000_000n - 120n * 102n);
    await expectBooksInOrder();
  }, 60_000);

  it('that no wallet could hold is not there, whoever asks for it', async () => {
    const [person, other] = [await payouts.person({ cents: 1000 }), await payouts.person()];
    const most = Number.MAX_SAFE_INTEGER;
    expect(await person.cashOut(most)).toMatchObject({ status: 409, body: { detail: 'INSUFFICIENT_FUNDS' } });
    const theirs = await person.cashOut(most, 'theirs', { wallet_id: other.walletId });
    expect([theirs.status, theirs.body]).toEqual([403, { detail: 'WALLET_FORBIDDEN' }]);
    expect(await balanceOf(payouts.db, person.walletId)).toBe(1000n);
  });

  it('a fee is rounded up, and never more than a cent too much', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 10_000 }), (amount, feeBasisPoints) => {
        const amountCents = Math.max(1, Math.floor(amount / 2));
        const { fee_cents } = quoteCashOut({ amountCents, to: 'BJ', feeBasisPoints });
        const exact = BigInt(amountCents) * BigInt(feeBasisPoints);
        const rounded = BigInt(fee_cents) * 10_000n - exact;
        expect(rounded >= 0n && rounded < 10_000n).toBe(true);
      }),
    );
  });
});
