import { randomUUID } from 'node:crypto';
import { expect, test } from '../fixtures/test.ts';
import { balanceOf } from './shop.ts';

test('test_wallet_debit_credit_round_trip_balance_consistent', { tag: ['@economy', '@writes'] }, async ({
  account,
  as,
}) => {
  const admin = await as('ADMIN');
  const post = (amount: number, key = `smoke-${randomUUID()}`) =>
    admin.post(`/api/admin/wallets/${account.userId}/transactions/`, {
      headers: { 'idempotency-key': key },
      data: { amount, reason: 'round trip' },
    });
  expect(await balanceOf(account), 'a new wallet').toBe(0);
  const [credit, debit] = [`smoke-${randomUUID()}`, `smoke-${randomUUID()}`];
  expect(await (await post(700, credit)).json(), 'credit').toMatchObject({ balance_after: 700 });
  expect(await (await post(-300, debit)).json(), 'debit').toMatchObject({ balance_after: 400 });
  expect(await balanceOf(account), 'after credit and debit').toBe(400);

  const again = await post(-300, debit);
  expect(await again.json(), 'a debit that is sent again').toMatchObject({ balance_after: 400 });
  expect((await post(-401)).status(), 'more than there is').toBe(409);
  expect((await post(-400)).status(), 'the rest').toBe(201);
  expect(await balanceOf(account), 'after the round trip').toBe(0);

  const { transactions, total_count } = await (await account.request.get('/api/transactions')).json();
  const rows = transactions as { amount: number; balance_after: number; idempotency_key: string }[];
  expect(rows.map(({ amount, balance_after }) => [amount, balance_after])).toEqual([
    [-400, 0],
    [-300, 400],
    [700, 700],
  ]);
  expect(total_count).toBe(3);
  expect(rows.slice(1).map(({ idempotency_key }) => idempotency_key)).toEqual([debit, credit]);
});
