import { randomUUID } from 'node:crypto';
import { expect, test } from '../fixtures/test.ts';
import { administrator, payOut, register } from './people.ts';

const payouts = '/v1/admin/mobile-money/payouts';

test.describe('the administration of payouts', { tag: ['@payouts', '@writes'] }, () => {
  test('is closed to users', async ({ open }) => {
    const person = await register(open);
    const answer = await person.request.get(payouts);
    expect(answer.status(), 'the list, asked for by a user').toBe(403);
    expect(await answer.json()).toEqual({ detail: 'ADMIN_REQUIRED' });
  });

  test('lists payouts, and shows nobody whole telephone numbers', async ({ open }) => {
    const person = await register(open);
    const { id } = await payOut(person);
    const admin = await administrator(open);
    const { payouts: listed } = await (await admin.get(`${payouts}?provider=TMONEY&limit=200`)).json();
    const own = listed.find(({ transaction_id }: { transaction_id: string }) => transaction_id === id);
    expect(own?.phone_e164, 'a number in the list').toMatch(/^\*+\d{4}$/);
  });

  test('retries what is there, and nothing else', async ({ open }) => {
    const person = await register(open);
    const { id } = await payOut(person);
    const admin = await administrator(open);
    const retried = await admin.post(`${payouts}/${id}/retry`, { data: { reason: 'smoke test' } });
    expect(retried.status(), 'the retry of an open payout').toBe(200);
    expect(await retried.json()).toMatchObject({ transaction_id: id });
    const unknown = await admin.post(`${payouts}/${randomUUID()}/retry`, { data: {} });
    expect(unknown.status(), 'the retry of no payout').toBe(404);
    expect(await unknown.json()).toEqual({ detail: 'Payout not found' });
  });
});
