import { describe, expect, it } from 'vitest';
import {
  previousSecret,
  type Sending,
  signHex,
  useWebhooks,
  webhookSecrets,
} from '#pipeline/testing/payout-webhooks.ts';
import { balanceOf } from '#pipeline/testing/payouts.ts';
import { payoutsSecret, startService, testEnv } from '#pipeline/testing/service.ts';
import { fail, markSent, providers, reopen } from '../payouts.ts';

const service = useWebhooks();

function turn(body: object) {
  const as = { role: 'ADMIN', sub: service.admin.userId, secret: payoutsSecret } as const;
  return service.payouts.service.call('PUT', '/api/v1/admin/flags', { ...as, body });
}

describe('N4: the signature', () => {
  const vector = '{"external_ref":"ext-1","status":"SUCCESS"}';
  const known = '01d738d0dc8bc65251a356d464403394113ce1ac6dac1c986525bedd54cbbf87';

  it.each([`sha256=${known}`, known, known.toUpperCase(), `SHA256=${known}`])(
    'of the known body holds: %s',
    async (signature) => {
      const { status, body } = await service.send('TMONEY', vector, { signature });
      expect([status, body]).toEqual([
        200,
        {
          ok: true,
          provider: 'TMONEY',
          provider_ref: null,
          external_ref: 'ext-1',
          status: 'SUCCESS',
          ignored: true,
          reason: 'PAYOUT_NOT_FOUND',
        },
      ]);
    },
  );

  it('is over the bytes as they came', async () => {
    const spaced = '{ "external_ref": "ext-1", "status": "SUCCESS" }';
    expect((await service.send('TMONEY', spaced)).status).toBe(200);
    expect((await service.send('TMONEY', spaced, { signature: known })).status).toBe(401);
  });

  it('of the secret before this one holds where there is one', async () => {
    expect((await service.send('TMONEY', vector, { secret: previousSecret })).status).toBe(200);
    expect((await service.send('MOMO', vector, { secret: previousSecret })).body).toEqual({
      detail: { error: 'INVALID_SIGNATURE' },
    });
  });

  it('of another provider does not hold, nor does none or half of one', async () => {
    const payout = await service.newPayout('FLOOZ');
    const body = { external_ref: payout.external_ref, status: 'SUCCESS' };
    const wrong: [Sending, string][] = [
      [{ secret: webhookSecrets.TMONEY }, 'INVALID_SIGNATURE'],
      [{ signature: 'sha256=' }, 'INVALID_SIGNATURE'],
      [{ signature: signHex(JSON.stringify(body), webhookSecrets.FLOOZ).slice(0, 63) }, 'INVALID_SIGNATURE'],
      [{ signature: null }, 'MISSING_SIGNATURE'],
      [{ signature: ' ' }, 'MISSING_SIGNATURE'],
    ];
    for (const [sending, error] of wrong) {
      expect(await service.send('FLOOZ', body, sending)).toMatchObject({
        status: 401,
        body: { detail: { error } },
      });
      expect(await service.lastEvent()).toMatchObject({
        signature_valid: false,
        applied: false,
        reason: error,
      });
    }
    expect(await service.read(payout)).toMatchObject({ status: 'PENDING' });
  });

  it('comes before what the body says, and a provider that is off before both', async () => {
    const refused = async (sending: Sending = {}) => {
      const { status, body } = await service.send('THUNES', 'no JSON', sending);
      return [status, body.detail.error];
    };
    expect(await refused()).toEqual([400, 'INVALID_JSON']);
    expect(await refused({ signature: null })).toEqual([401, 'MISSING_SIGNATURE']);
    const flag = { flag: 'PAYOUTS_THUNES_ENABLED', reason: 'test' };
    await turn({ ...flag, value: false });
    expect(await refused({ signature: null })).toEqual([503, 'PROVIDER_DISABLED']);
    expect(await service.lastEvent()).toMatchObject({ provider: 'THUNES', reason: 'PROVIDER_DISABLED' });
    await turn({ ...flag, value: null });
  });
});

describe('what a callback says', () => {
  it.each([
    ['[]', 'INVALID_JSON'],
    ['{"status":"SUCCESS","external_ref":"a\\u0000"}', 'INVALID_JSON'],
    ['{"external_ref":"x"}', 'MISSING_STATUS'],
    ['{"status":"SUCCESS"}', 'MISSING_PROVIDER_REF_OR_EXTERNAL_REF'],
    ['{"status":"SUCCESS","external_ref":{}}', 'MISSING_PROVIDER_REF_OR_EXTERNAL_REF'],
  ])('%s is kept and refused: %s', async (body, error) => {
    expect(await service.send('MOMO', body)).toMatchObject({ status: 400, body: { detail: { error } } });
    expect(await service.lastEvent()).toMatchObject({ signature_valid: true, applied: false, reason: error });
  });

  it('takes what MTN itself would send', async () => {
    const payout = await service.newPayout('MOMO');
    const body = {
      financialTransactionId: '363440463',
      externalId: payout.external_ref,
      amount: '1',
      currency: 'XOF',
      payee: { partyIdType: 'MSISDN', partyId: '22890112233' },
      status: 'SUCCESSFUL',
    };
    expect((await service.send('MOMO', body)).body.ignored).toBeUndefined();
    expect(await service.read(payout)).toMatchObject({ status: 'CONFIRMED' });
  });
});

describe('what it changes', () => {
  it.each(providers)('%s: paid is confirmed, whatever comes later, and however often', async (provider) => {
    const payout = await service.newPayout(provider);
    const { external_ref } = payout;
    const before = await balanceOf(service.payouts.db, service.user.walletId);
    const first = await service.send(provider, { external_ref, status: 'SUCCESS', id: `p-${payout.id}` });
    expect(first.body).toMatchObject({ ok: true, external_ref });
    expect(first.body.ignored).toBeUndefined();
    for (const status of ['SUCCESS', 'FAILED', 'PENDING']) {
      const later = await service.send(provider, { external_ref, status });
      expect(later).toMatchObject({ status: 200, body: { ignored: true, reason: 'ALREADY_CONFIRMED' } });
    }
    expect(await service.read(payout)).toMatchObject({ status: 'CONFIRMED', provider_ref: `p-${payout.id}` });
    expect(await balanceOf(service.payouts.db, service.user.walletId)).toBe(before);
  });

  it('failed returns the money once, whatever comes later', async () => {
    const payout = await service.newPayout();
    const before = await balanceOf(service.payouts.db, service.user.walletId);
    const { external_ref } = payout;
    const news = ['FAILED', 'FAILED', 'SUCCESS', 'PENDING'].map((status) =>
      service.send('TMONEY', { external_ref, status }),
    );
    const answers = await Promise.all(news);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const { status } = await service.read(payout);
    expect(await balanceOf(service.payouts.db, service.user.walletId)).toBe(
      before + (status === 'FAILED' ? 100n : 0n),
    );
    const late = await service.send('TMONEY', { external_ref, status: 'SUCCESS' });
    expect(late.body.reason).toBe(`ALREADY_${status}`);
  });

  it('another provider cannot touch it, by either reference', async () => {
    const payout = await service.newPayout('TMONEY');
    await service.send('TMONEY', { external_ref: payout.external_ref, id: 'of-tmoney', status: 'PENDING' });
    for (const names of [{ external_ref: payout.external_ref }, { id: 'of-tmoney' }]) {
      const { body } = await service.send('FLOOZ', { ...names, status: 'FAILED' });
      expect(body).toMatchObject({ ignored: true, reason: 'PAYOUT_NOT_FOUND' });
    }
    expect(await service.read(payout)).toMatchObject({ status: 'SENT', provider_ref: 'of-tmoney' });
    expect(
      (await service.send('TMONEY', { id: 'of-tmoney', status: 'SUCCESS' })).body.ignored,
    ).toBeUndefined();
    expect(await service.read(payout)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('of Thunes about what was made and not confirmed leaves it to be sent', async () => {
    const payout = await service.newPayout('THUNES');
    const { external_ref } = payout;
    for (const status of ['CREATED', '10000']) {
      const { body } = await service.send('THUNES', { external_ref, id: 'of-thunes', status });
      expect(body).toMatchObject({ ignored: true, reason: 'NO_CHANGE' });
    }
    expect(await service.read(payout)).toMatchObject({ status: 'PENDING', provider_ref: null });
    await service.send('THUNES', { external_ref, id: 'of-thunes', status: 'SUBMITTED' });
    expect(await service.read(payout)).toMatchObject({ status: 'SENT', provider_ref: 'of-thunes' });
  });

  it('a reference that another payout gets at the same moment is kept as a mismatch, not lost with an error', async () => {
    const [mine, other] = [await service.newPayout(), await service.newPayout()];
    const { db } = service.payouts;
    const body = { external_ref: mine.external_ref, id: 'at-once', status: 'SUCCESS' };
    const sent = await db.transaction(async (tx) => {
      await markSent(tx, other.transaction_id, { providerRef: 'at-once', delaySeconds: 60 });
      const sending = service.send('TMONEY', body);
      const waiting = `SELECT FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted`;
      await expect.poll(async () => (await db.query(waiting)).rowCount).toBe(1);
      return { sending };
    });
    const answer = await sent.sending;
    expect([answer.status, answer.body.reason]).toEqual([200, 'PROVIDER_REF_MISMATCH']);
    expect(await service.lastEvent()).toMatchObject({ reason: 'PROVIDER_REF_MISMATCH', applied: false });
    expect((await service.read(mine)).status).toBe('PENDING');
  });

  it('a reference that is another payout’s changes neither', async () => {
    const [first, second] = [await service.newPayout(), await service.newPayout()];
    await service.send('TMONEY', { external_ref: first.external_ref, id: 'first', status: 'PENDING' });
    for (const [payout, id] of [
      [second, 'first'],
      [first, 'other'],
    ] as const) {
      const { body } = await service.send('TMONEY', {
        external_ref: payout.external_ref,
        id,
        status: 'SUCCESS',
      });
      expect(body).toMatchObject({ ignored: true, reason: 'PROVIDER_REF_MISMATCH' });
    }
    expect([(await service.read(first)).status, (await service.read(second)).status]).toEqual([
      'SENT',
      'PENDING',
    ]);
  });

  it('late news of the try that failed does not fail the next one', async () => {
    const payout = await service.newPayout();
    await fail(service.payouts.db, payout.transaction_id, { error: 'FAILED', retryable: true });
    await reopen(service.payouts.db, payout.transaction_id, { force: false });
    const stale = await service.send('TMONEY', { external_ref: payout.external_ref, status: 'FAILED' });
    expect(stale.body).toMatchObject({ ignored: true, reason: 'SUPERSEDED' });
    const external_ref = `${payout.external_ref}-r1`;
    expect((await service.send('TMONEY', { external_ref, status: 'SUCCESS' })).body.ignored).toBeUndefined();
    expect(await service.read(payout)).toMatchObject({ status: 'CONFIRMED', round: 1 });
  });
});

it('N4: callbacks are counted by provider, signature and effect', async () => {
  const count = async (labels: string) => {
    const line = (await service.payouts.service.metrics()).split('\n').find((text) => text.includes(labels));
    return Number(line?.split(' ').at(-1));
  };
  const labels = 'webhook_events_total{provider="MOMO",signature_valid="false",applied="false"}';
  const before = await count(labels);
  await service.send('MOMO', '{}', { signature: null });
  expect(await count(labels)).toBe(before + 1);
  expect(
    await count('webhook_events_total{provider="TMONEY",signature_valid="true",applied="true"}'),
  ).toBeGreaterThan(0);
});

it('N4: past WEBHOOKS_PER_MINUTE an address is told to come back later', async () => {
  const limits = { DOMAINS: 'payouts', WEBHOOKS_PER_MINUTE: '2' };
  const other = await startService({ ...testEnv(service.payouts.databaseUrl), ...limits });
  // The callbacks of the tests before were counted under the same address.
  const { status, headers, body } = await other.call('POST', '/v1/webhooks/momo', { role: null, body: '{}' });
  expect([status, body]).toEqual([429, { detail: 'RATE_LIMITED' }]);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  await other.close();
});

it('more than 64 KiB are not taken', async () => {
  expect((await service.send('MOMO', 'x'.repeat(65_537))).status).toBe(413);
});
