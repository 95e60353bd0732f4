import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  adminPath,
  balanceOf,
  startPayouts,
  type TestPayouts,
  type TestPerson,
} from '#pipeline/testing/payouts.ts';
import { beginAttempt, confirm, fail, markSent } from './payouts.ts';

let payouts: TestPayouts;
let admin: TestPerson;

beforeAll(async () => {
  payouts = await startPayouts({ PAYOUT_FEE_BASIS_POINTS: '100' });
  admin = await payouts.person({ role: 'ADMIN' });
}, 120_000);

afterAll(() => payouts?.stop());

async function paidOut(cents = 100): Promise<{ id: string; person: TestPerson }> {
  const person = await payouts.person({ cents: 10_000 });
  const { body } = await person.cashOut(cents);
  return { id: body.transaction_id, person };
}

const retry = (id: string, body?: unknown) =>
  admin.call('POST', `${adminPath}/${id}/retry`, { body: body ?? null, headers: json });
const json = { 'content-type': 'application/json' };
const auditOf = async (id: string) =>
  (
    await payouts.db.query(
      'SELECT actor, action, reason, detail FROM app.audit_log WHERE target = $1 ORDER BY id',
      [id],
    )
  ).rows;

describe('a cash-out', () => {
  it('is debited with its fee, answered with its quote, and shown to its owner alone', async () => {
    const person = await payouts.person({ cents: 10_000 });
    const { status, body } = await person.cashOut(150, 'quoted', {
      country: 'bj',
      provider: null,
      phone_e164: null,
    });
    expect([status, body]).toEqual([
      200,
      {
        transaction_id: expect.any(String),
        external_ref: `payout-${body.transaction_id}`,
        fee_cents: 2,
        fx_rate: '1',
        receive_amount_minor: 150,
        corridor: 'TG-BJ',
      },
    ]);
    expect(await balanceOf(payouts.db, person.walletId)).toBe(9848n);
    const shown = await person.call('GET', `/v1/payouts/${body.transaction_id}`);
    expect(shown.body).toMatchObject({
      status: 'PENDING',
      provider: 'MOMO',
      external_ref: body.external_ref,
      amount_cents: 150,
      currency: 'XOF',
    });
    const other = await payouts.person();
    const hidden = await other.call('GET', `/v1/payouts/${body.transaction_id}`);
    expect([hidden.status, hidden.body]).toEqual([404, { detail: 'Payout not found' }]);
  });

  it('is refused from a wallet of somebody else, from none, to a country that is not served, and without the money', async () => {
    const [person, other] = [await payouts.person({ cents: 100 }), await payouts.person({ cents: 1000 })];
    const answers = [
      await person.cashOut(10, 'a', { wallet_id: other.walletId }),
      await person.cashOut(10, 'b', { wallet_id: '00000000-0000-4000-8000-000000000000' }),
      await person.cashOut(10, 'c', { country: 'FR' }),
      await person.cashOut(100, 'd'),
      await person.cashOut(0, 'e'),
    ];
    expect(answers.map(({ status, body }) => [status, body.detail])).toEqual([
      [403, 'WALLET_FORBIDDEN'],
      [404, 'Wallet not found'],
      [400, 'UNSUPPORTED_COUNTRY'],
      [409, 'INSUFFICIENT_FUNDS'],
      [422, expect.stringContaining('amount_cents')],
    ]);
    expect(await balanceOf(payouts.db, other.walletId)).toBe(1000n);
  });
});

describe('N6: retry by an administrator', () => {
  it('is for administrators, wants a payout, and takes no name that it does not know', async () => {
    const { id, person } = await paidOut();
    const refused = await person.call('POST', `${adminPath}/${id}/retry`, { body: {} });
    expect([refused.status, refused.body]).toEqual([403, { detail: 'ADMIN_REQUIRED' }]);
    const nobody = await person.call('POST', `${adminPath}/${id}/retry`, { role: null, body: {} });
    expect(nobody.status).toBe(401);
    const none = await retry('00000000-0000-4000-8000-000000000000');
    expect([none.status, none.body]).toEqual([404, { detail: 'Payout not found' }]);
    expect((await retry(id, { force: true, because: 'x' })).status).toBe(422);
  });

  it('leaves one that waits for its first submission as it is', async () => {
    const { id } = await paidOut();
    expect((await retry(id)).body).toEqual({
      transaction_id: id,
      status: 'PENDING',
      retryable: true,
      attempt_count: 0,
      next_retry_at: null,
    });
    const bare = await admin.call('POST', `${adminPath}/${id}/retry`);
    expect(bare.status).toBe(200);
    expect(await auditOf(id)).toEqual([]);
  });

  it('makes one that is stuck in SENT due now, with one submission left, and says who did it', async () => {
    const { id } = await paidOut();
    for (let attemptCount = 0; attemptCount < 5; attemptCount += 1) {
      await beginAttempt(payouts.db, id, { attemptCount, leaseSeconds: 3600 });
    }
    await markSent(payouts.db, id, { providerRef: null, delaySeconds: 3600 });
    const { status, body } = await retry(id, { reason: 'stuck since noon' });
    expect([status, body]).toMatchObject([200, { status: 'SENT', attempt_count: 4 }]);
    expect(Date.parse(body.next_retry_at)).toBeLessThanOrEqual(Date.now());
    expect(await auditOf(id)).toEqual([
      {
        actor: admin.userId,
        action: 'payout.retry',
        reason: 'stuck since noon',
        detail: { force: false, from: 'SENT', to: 'SENT' },
      },
    ]);
  });

  it('debits a failed one again and makes it pending; one that failed for good only with force', async () => {
    const { id, person } = await paidOut();
    await fail(payouts.db, id, { error: 'PROVIDER_DISABLED', retryable: true });
    expect(await balanceOf(payouts.db, person.walletId)).toBe(10_000n);
    expect((await retry(id)).body).toMatchObject({ status: 'PENDING', retryable: true });
    expect(await balanceOf(payouts.db, person.walletId)).toBe(9899n);
    await fail(payouts.db, id, { error: 'PAYEE_NOT_FOUND', retryable: false });
    const refused = await retry(id);
    expect([refused.status, refused.body]).toEqual([409, { detail: 'NOT_RETRYABLE' }]);
    expect((await retry(id, { force: true })).status).toBe(200);
  });

  it('is a conflict when it is confirmed, or when its owner has spent what was returned', async () => {
    const done = await paidOut();
    await confirm(payouts.db, done.id);
    const refused = await retry(done.id, { force: true });
    expect([refused.status, refused.body]).toEqual([409, { detail: 'ALREADY_CONFIRMED' }]);
    const { id, person } = await paidOut(9000);
    await fail(payouts.db, id, { error: 'x', retryable: true });
    await person.cashOut(9000);
    expect((await retry(id)).body).toEqual({ detail: 'INSUFFICIENT_FUNDS' });
    expect(await auditOf(id)).toEqual([]);
  });

  it('ten at once reopen and debit once', async () => {
    const { id, person } = await paidOut();
    await fail(payouts.db, id, { error: 'x', retryable: true });
    const answers = await Promise.all(Array.from({ length: 10 }, () => retry(id)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(await balanceOf(payouts.db, person.walletId)).toBe(9899n);
  });
});

describe('the rest of the administration', () => {
  it('lists what is asked for, the newest first, without whole numbers of phones', async () => {
    const { id } = await paidOut();
    await markSent(payouts.db, id, { providerRef: 'listed', delaySeconds: 60 });
    const { body } = await admin.call(
      'GET',
      `${adminPath}?status=SENT&provider=TMONEY&retryable=true&limit=1`,
    );
    expect(body).toMatchObject({
      count: 1,
      limit: 1,
      offset: 0,
      payouts: [{ transaction_id: id, status: 'SENT' }],
    });
    expect(JSON.stringify(body)).not.toContain('+22890000003');
    expect((await admin.call('GET', `${adminPath}?limit=201`)).status).toBe(422);
    const beyond = await admin.call('GET', `${adminPath}?offset=10000`);
    expect(beyond.body).toMatchObject({ payouts: [], count: 0 });
  });

  it('confirms what was paid, once, with an audit row, and not what failed', async () => {
    const { id } = await paidOut();
    const url = `${adminPath}/${id}/confirmed`;
    const body = { provider_ref: 'seen-at-the-provider', reason: 'the provider called' };
    expect((await admin.call('POST', url, { body })).body).toMatchObject({
      status: 'CONFIRMED',
      retryable: false,
    });
    expect((await admin.call('POST', url, { body })).body).toEqual({ detail: 'ALREADY_CONFIRMED' });
    expect(await auditOf(id)).toHaveLength(1);
    const copied = await admin.call('POST', `${adminPath}/${(await paidOut()).id}/confirmed`, { body });
    expect([copied.status, copied.body]).toEqual([409, { detail: 'PROVIDER_REF_MISMATCH' }]);
    const lost = await paidOut();
    await fail(payouts.db, lost.id, { error: 'x', retryable: true });
    const refused = await admin.call('POST', `${adminPath}/${lost.id}/confirmed`);
    expect([refused.status, refused.body]).toEqual([409, { detail: 'ALREADY_FAILED' }]);
  });

  it('shows the webhooks of a payout and of all', async () => {
    const { id } = await paidOut();
    await payouts.db.query(
      `INSERT INTO app.webhook_events (provider, transaction_id, external_ref, signature_valid, reason, body)
       VALUES ('TMONEY', $1, $2, true, NULL, '{}'), ('TMONEY', NULL, 'nobody-knows', false, 'INVALID_SIGNATURE', '{}')`,
      [id, `payout-${id}`],
    );
    const own = await admin.call('GET', `${adminPath}/${id}/webhook-events?limit=50`);
    expect(own.body).toMatchObject({ count: 1, limit: 50, events: [{ external_ref: `payout-${id}` }] });
    const all = await admin.call('GET', '/v1/admin/webhooks/events');
    expect(all.body.events.map((event: { reason: string }) => event.reason)).toContain('INVALID_SIGNATURE');
  });
});
