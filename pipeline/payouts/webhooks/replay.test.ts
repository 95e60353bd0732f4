import { describe, expect, it } from 'vitest';
import { signHex, useWebhooks, webhookSecrets } from '#pipeline/testing/payout-webhooks.ts';
import { balanceOf } from '#pipeline/testing/payouts.ts';
import { fail, markSent, type Payout } from '../payouts.ts';

const service = useWebhooks();

describe('an administrator', () => {
  const events = (payout: Payout) =>
    service.admin.call(
      'GET',
      `/v1/admin/mobile-money/payouts/${payout.transaction_id}/webhook-events?limit=50`,
    );
  const replay = (id: unknown, query = '') =>
    service.admin.call('POST', `/v1/admin/webhooks/events/${id}/replay${query}`);

  it('sees the callbacks of a payout', async () => {
    const payout = await service.newPayout();
    await service.send('TMONEY', { external_ref: payout.external_ref, status: 'SUCCESS' });
    expect(await events(payout)).toMatchObject({
      status: 200,
      body: { events: [{ external_ref: payout.external_ref, applied: true, signature_valid: true }] },
    });
  });

  it('plays again what was refused under a wrong secret, but nothing that never held', async () => {
    const payout = await service.newPayout('FLOOZ');
    const text = JSON.stringify({ external_ref: payout.external_ref, status: 'SUCCESS' });
    const forged = await service.send('FLOOZ', text, { secret: 'forged' });
    expect(forged.status).toBe(401);
    const forgedId = (await service.lastEvent()).id;
    expect(await replay(forgedId)).toMatchObject({ status: 409, body: { detail: 'EVENT_NOT_VERIFIED' } });
    expect(await service.read(payout)).toMatchObject({ status: 'PENDING' });
    // As if the secret had been wrong here when it came.
    await service.payouts.db.query('UPDATE app.webhook_events SET signature = $2 WHERE id = $1', [
      forgedId,
      signHex(text, webhookSecrets.FLOOZ),
    ]);
    expect(await replay(forgedId)).toMatchObject({ status: 200, body: { ok: true, provider: 'FLOOZ' } });
    expect(await service.read(payout)).toMatchObject({ status: 'CONFIRMED' });
    expect(await service.lastEvent()).toMatchObject({ replay_of: forgedId, applied: true });
    expect((await replay(forgedId)).body).toMatchObject({ ignored: true, reason: 'ALREADY_CONFIRMED' });
  });

  it('has a payout that failed and was paid after all debited again, and no other way round', async () => {
    const payout = await service.newPayout();
    await fail(service.payouts.db, payout.transaction_id, {
      error: 'MAX_ATTEMPTS_EXCEEDED',
      retryable: true,
    });
    const before = await balanceOf(service.payouts.db, service.user.walletId);
    await service.send('TMONEY', { external_ref: payout.external_ref, status: 'SUCCESS' });
    const id = (await service.lastEvent()).id;
    expect((await replay(id)).body).toMatchObject({ ignored: true, reason: 'ALREADY_FAILED' });
    expect((await replay(id, '?allow_terminal_override=true')).body.ignored).toBeUndefined();
    expect(await service.read(payout)).toMatchObject({ status: 'CONFIRMED' });
    expect(await balanceOf(service.payouts.db, service.user.walletId)).toBe(before - 100n);
    // Under the reference that its provider was given: there its statement has it.
    const paid = 'SELECT round, paid_round FROM app.mobile_money_payouts WHERE transaction_id = $1';
    const read = await service.payouts.db.query(paid, [payout.transaction_id]);
    expect(read.rows).toEqual([{ round: 1, paid_round: 0 }]);
    await service.send('TMONEY', { external_ref: payout.external_ref, status: 'FAILED' });
    const contrary = await replay((await service.lastEvent()).id, '?allow_terminal_override=true');
    expect(contrary.body).toMatchObject({ ignored: true, reason: 'ALREADY_CONFIRMED' });
    const { rows } = await service.payouts.db.query(
      "SELECT * FROM app.audit_log WHERE action = 'webhook.replay'",
    );
    expect(rows.length).toBeGreaterThan(3);
  });

  it('has nothing debited again under the reference of another payout', async () => {
    const [mine, other] = [await service.newPayout(), await service.newPayout()];
    await markSent(service.payouts.db, other.transaction_id, { providerRef: 'theirs', delaySeconds: 1 });
    await fail(service.payouts.db, mine.transaction_id, { error: 'x', retryable: true });
    const said = { external_ref: mine.external_ref, provider_ref: 'theirs', status: 'SUCCESS' };
    await service.send('TMONEY', said);
    const played = await replay((await service.lastEvent()).id, '?allow_terminal_override=true');
    expect(played.body).toMatchObject({ ignored: true, reason: 'PROVIDER_REF_MISMATCH' });
    expect(await service.read(mine)).toMatchObject({ status: 'FAILED' });
  });

  it('has nothing debited again for a reference that was never given', async () => {
    const payout = await service.newPayout();
    await fail(service.payouts.db, payout.transaction_id, { error: 'x', retryable: true });
    await service.send('TMONEY', { external_ref: `${payout.external_ref}-r7`, status: 'SUCCESS' });
    const id = (await service.lastEvent()).id;
    const played = await replay(id, '?allow_terminal_override=true');
    expect(played.body).toMatchObject({ ignored: true, reason: 'SUPERSEDED' });
    expect(await service.read(payout)).toMatchObject({ status: 'FAILED' });
  });

  it('is needed for that', async () => {
    const id = (await service.lastEvent()).id;
    const refused = await service.user.call('POST', `/v1/admin/webhooks/events/${id}/replay`);
    expect([refused.status, refused.body]).toEqual([403, { detail: 'ADMIN_REQUIRED' }]);
    expect(await replay('00000000-0000-4000-8000-000000000000')).toMatchObject({ status: 404 });
  });
});
