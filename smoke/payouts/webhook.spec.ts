import { expect, test } from '../fixtures/test.ts';
import { until } from '../fixtures/until.ts';
import { administrator, callBack, payOut, payoutOf, register, signatureOf } from './people.ts';

test.describe('webhooks of a provider', { tag: ['@payouts', '@writes'] }, () => {
  test('a payout is sent, confirmed by a signed webhook, and its events are shown to administrators', async ({
    open,
  }) => {
    const person = await register(open);
    const payout = await payOut(person);
    // A webhook before that would confirm what nobody has paid.
    await until('a worker that sends the payout', async () => {
      const { provider_ref: ref } = await payoutOf(person, payout);
      return ref ?? undefined;
    });
    const body = JSON.stringify({ external_ref: payout.externalRef, status: 'SUCCESS' });
    const signed = await callBack(open, body, { signature: signatureOf(body) });
    expect(signed.status(), 'a signed webhook').toBe(200);
    expect((await payoutOf(person, payout)).status, 'after the webhook').toBe('CONFIRMED');

    const admin = await administrator(open);
    const path = `/v1/admin/mobile-money/payouts/${payout.id}/webhook-events?limit=50`;
    const { events } = await (await admin.get(path)).json();
    expect(events).toContainEqual(
      expect.objectContaining({ external_ref: payout.externalRef, signature_valid: true }),
    );
  });

  test('a webhook without a signature, or with another, is refused and changes nothing', async ({ open }) => {
    const person = await register(open);
    // Each in the name of another, so that these tests, run again and again, are not many for an alert.
    const [first, second] = [await payOut(person, 'FLOOZ'), await payOut(person, 'MOMO')];
    const failing = ({ externalRef }: typeof first) =>
      JSON.stringify({ external_ref: externalRef, status: 'FAILED' });
    const unsigned = await callBack(open, failing(first), { provider: 'FLOOZ' });
    expect(unsigned.status(), 'a webhook without a signature').toBe(401);
    expect(await unsigned.json()).toEqual({ detail: { error: 'MISSING_SIGNATURE' } });
    const signature = signatureOf(failing(second), 'another secret');
    const forged = await callBack(open, failing(second), { provider: 'MOMO', signature });
    expect(await forged.json()).toEqual({ detail: { error: 'INVALID_SIGNATURE' } });
    for (const payout of [first, second]) {
      expect((await payoutOf(person, payout)).status).not.toBe('FAILED');
    }
  });
});
