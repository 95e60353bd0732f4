import { randomUUID } from 'node:crypto';
import { expect, test } from '../fixtures/test.ts';
import { balanceOf, cashIn, cashOut, order, register } from './people.ts';

test.describe('money moves once', { tag: ['@payouts', '@writes'] }, () => {
  test('a cash-in sent again under its key is answered again, and moves nothing', async ({ open }) => {
    const person = await register(open);
    const key = `smoke-${randomUUID()}`;
    const first = await order(person, cashIn, 2000, { key });
    const again = await order(person, cashIn, 2000, { key });
    expect([first.status(), again.status()]).toEqual([200, 200]);
    expect(await again.json()).toEqual(await first.json());
    expect(await balanceOf(person), 'after the same cash-in twice').toBe(2000);
    expect(again.headers()['idempotent-replayed'], 'whether it was replayed').toBe('true');
  });

  test('a key that was used for another order is refused', async ({ open }) => {
    const person = await register(open);
    const key = `smoke-${randomUUID()}`;
    expect((await order(person, cashIn, 2000, { key })).status()).toBe(200);
    const other = await order(person, cashIn, 3000, { key });
    expect(other.status(), 'another order under the same key').toBe(409);
    expect(await other.json()).toEqual({ detail: 'IDEMPOTENCY_CONFLICT' });
    expect(await balanceOf(person)).toBe(2000);
  });

  test('a cash-out is debited at once; more than the wallet holds is refused', async ({ open }) => {
    const person = await register(open);
    expect((await order(person, cashIn, 2000)).status()).toBe(200);
    const made = await order(person, cashOut, 100);
    expect(made.status(), 'the cash-out').toBe(200);
    const { fee_cents: fee, transaction_id: id } = await made.json();
    expect(await balanceOf(person), 'after the cash-out').toBe(1900 - fee);
    const payout = await (await person.request.get(`/v1/payouts/${id}`)).json();
    expect(['PENDING', 'SENT'], 'right after a cash-out').toContain(payout.status);
    const refused = await order(person, cashOut, 5000);
    expect(refused.status(), 'more than the wallet holds').toBe(409);
    expect(await refused.json()).toEqual({ detail: 'INSUFFICIENT_FUNDS' });
  });
});
