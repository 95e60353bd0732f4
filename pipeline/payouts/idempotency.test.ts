import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  balanceOf,
  cashInPath,
  cashOutPath,
  startPayouts,
  type TestPayouts,
} from '#pipeline/testing/payouts.ts';
import { hashRequest } from './guard.ts';

let payouts: TestPayouts;

beforeAll(async () => {
  payouts = await startPayouts({ CASH_OUT_DAILY_LIMIT_CENTS: '5000' });
}, 120_000);

afterAll(() => payouts?.stop());

const series = async (name: string) =>
  Number(
    new RegExp(`^${name}\\{route="cash_out_mobile_money"\\} (\\d+)$`, 'm').exec(
      await payouts.service.metrics(),
    )?.[1],
  );

describe('N5: Idempotency-Key', () => {
  it('the same request again is answered with what was stored, and pays once', async () => {
    const person = await payouts.person({ cents: 1000 });
    const before = await series('idempotency_replays_total');
    const first = await person.cashOut(100, 'once');
    expect([first.status, first.headers['idempotent-replayed']]).toEqual([200, undefined]);
    const again = await person.cashOut(100, 'once');
    expect(again).toMatchObject({
      status: 200,
      body: first.body,
      headers: { 'idempotent-replayed': 'true' },
    });
    expect(JSON.stringify(again.body)).toBe(JSON.stringify(first.body));
    expect(await balanceOf(payouts.db, person.walletId)).toBe(900n);
    expect(await series('idempotency_replays_total')).toBe(before + 1);
    const { rows } = await payouts.db.query(
      `SELECT user_id, route_key, request_hash, status_code, response_json
       FROM app.idempotency_keys WHERE idempotency_key = 'once'`,
    );
    expect(rows).toMatchObject([
      {
        user_id: person.userId,
        route_key: 'cash_out_mobile_money',
        status_code: 200,
        response_json: first.body,
      },
    ]);
  });

  it('the order of names says nothing, and the hash is of sorted compact JSON', async () => {
    expect(hashRequest({ b: { d: 1, c: [2, 1] }, a: 'é' })).toBe(
      createHash('sha256').update('{"a":"é","b":{"c":[2,1],"d":1}}').digest('hex'),
    );
    expect(hashRequest({ a: 1, b: 2 })).toBe(hashRequest({ b: 2, a: 1 }));
  });

  it('another payload or another route under the key is a conflict, and pays nothing', async () => {
    const person = await payouts.person({ cents: 1000 });
    const before = await series('idempotency_conflicts_total');
    await person.cashOut(100, 'taken');
    const conflict = await person.cashOut(101, 'taken');
    expect([conflict.status, conflict.body]).toEqual([409, { detail: 'IDEMPOTENCY_CONFLICT' }]);
    const body = { wallet_id: person.walletId, amount_cents: 100, country: 'TG', provider: 'MOMO' };
    expect((await person.keyed(cashInPath, body, 'taken')).body).toEqual({ detail: 'IDEMPOTENCY_CONFLICT' });
    expect(await balanceOf(payouts.db, person.walletId)).toBe(900n);
    expect(await series('idempotency_conflicts_total')).toBe(before + 1);
    // Whose client it is: no row of the database tells.
    const { lines } = payouts.service;
    const told = lines.filter(({ event }) => event === 'payouts.idempotency_conflict');
    const used_for = 'cash_out_mobile_money';
    expect(told).toMatchObject([
      { route: 'cash_out_mobile_money', used_for, user_id: person.userId },
      { route: 'cash_in_mobile_money', used_for, user_id: person.userId },
    ]);
    const other = await payouts.person({ cents: 1000 });
    expect((await other.cashOut(101, 'taken')).status).toBe(200);
  });

  it('a missing key, a blank one and one of more than 128 characters are 400', async () => {
    const person = await payouts.person({ cents: 1000 });
    const body = { wallet_id: person.walletId, amount_cents: 1, country: 'TG', provider: 'MOMO' };
    for (const headers of [{}, { 'idempotency-key': '  ' }] as Record<string, string>[]) {
      const answer = await person.call('POST', cashOutPath, { body, headers });
      expect([answer.status, answer.body]).toEqual([400, { detail: 'IDEMPOTENCY_KEY_REQUIRED' }]);
    }
    const long = await person.cashOut(1, 'k'.repeat(129));
    expect([long.status, long.body]).toEqual([400, { detail: 'IDEMPOTENCY_KEY_TOO_LONG' }]);
    expect((await person.cashOut(1, 'k'.repeat(128))).status).toBe(200);
  });

  it('while the first is under way the second is told to come back, and then is given its answer', async () => {
    const person = await payouts.person({ cents: 1000 });
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { promise: locked, resolve: hold } = Promise.withResolvers<void>();
    const holder = payouts.db.transaction(async (tx) => {
      await tx.query('SELECT 1 FROM app.wallets WHERE id = $1 FOR UPDATE', [person.walletId]);
      hold();
      await held;
    });
    await locked;
    const first = person.cashOut(100, 'slow');
    await expect
      .poll(
        async () => (await payouts.db.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory'`)).rowCount,
      )
      .toBe(1);
    const second = await person.cashOut(100, 'slow');
    expect([second.status, second.body]).toEqual([409, { detail: 'IDEMPOTENCY_IN_PROGRESS' }]);
    expect(second.headers['retry-after']).toBe('1');
    release();
    await holder;
    const { body } = await first;
    expect(await person.cashOut(100, 'slow')).toMatchObject({ status: 200, body });
    expect(await balanceOf(payouts.db, person.walletId)).toBe(900n);
  });

  it('twenty at once pay once', async () => {
    const person = await payouts.person({ cents: 1000 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => person.cashOut(100, 'crowd')));
    const paid = answers.filter(({ status }) => status === 200);
    expect(new Set(paid.map(({ body }) => body.transaction_id)).size).toBe(1);
    expect(
      answers.every(({ status, body }) => status === 200 || body.detail === 'IDEMPOTENCY_IN_PROGRESS'),
    ).toBe(true);
    expect(await balanceOf(payouts.db, person.walletId)).toBe(900n);
  });

  it('a refusal is repeated although it would be none by now; 429 is not kept', async () => {
    const person = await payouts.person({ cents: 50 });
    expect((await person.cashOut(100, 'poor')).body).toEqual({ detail: 'INSUFFICIENT_FUNDS' });
    await person.cashIn(10_000);
    const again = await person.cashOut(100, 'poor');
    expect(again).toMatchObject({ status: 409, body: { detail: 'INSUFFICIENT_FUNDS' } });
    expect(again.headers['idempotent-replayed']).toBe('true');
    const much = await person.cashOut(5001, 'limit');
    expect([much.status, much.body]).toEqual([429, { detail: 'LIMIT' }]);
    const { rows } = await payouts.db.query(
      `SELECT 1 FROM app.idempotency_keys WHERE idempotency_key = 'limit'`,
    );
    expect(rows).toEqual([]);
    expect((await person.cashOut(5000, 'limit')).status).toBe(200);
  });

  it('a failure of ours is not kept, and moves nothing', async () => {
    const person = await payouts.person({ cents: 1000 });
    await payouts.db.query('ALTER TABLE app.mobile_money_payouts RENAME TO away');
    const failed = await person.cashOut(100, 'broken');
    await payouts.db.query('ALTER TABLE app.away RENAME TO mobile_money_payouts');
    expect([failed.status, failed.body]).toEqual([500, { detail: 'INTERNAL' }]);
    expect((await person.cashOut(100, 'broken')).status).toBe(200);
    expect(await balanceOf(payouts.db, person.walletId)).toBe(900n);
  });

  it('a refusal is given only when it is kept, but to a user that there is not', async () => {
    const person = await payouts.person({ cents: 50 });
    const refusing = `ALTER TABLE app.idempotency_keys ADD CONSTRAINT full_disk CHECK (status_code < 400) NOT VALID`;
    await payouts.db.query(refusing);
    const unkept = await person.cashOut(100, 'unkept');
    await payouts.db.query('ALTER TABLE app.idempotency_keys DROP CONSTRAINT full_disk');
    expect([unkept.status, unkept.body]).toEqual([500, { detail: 'INTERNAL' }]);
    expect((await person.cashOut(100, 'unkept')).body).toEqual({ detail: 'INSUFFICIENT_FUNDS' });
    const nobody = await person.call('POST', cashOutPath, {
      sub: randomUUID(),
      body: { wallet_id: person.walletId, amount_cents: 1, country: 'TG' },
      headers: { 'idempotency-key': 'nobody' },
    });
    expect([nobody.status, nobody.body]).toEqual([403, { detail: 'WALLET_FORBIDDEN' }]);
  });

  it('after the retention a key is new, and none is kept longer', async () => {
    const person = await payouts.person({ cents: 1000 });
    const age = (key: string, hours: number) =>
      payouts.db.query(
        `UPDATE app.idempotency_keys SET created_at = now() - make_interval(hours => $2) WHERE idempotency_key = $1`,
        [key, hours],
      );
    const first = await person.cashOut(100, 'aged');
    await age('aged', 23);
    expect((await person.cashOut(100, 'aged')).body).toEqual(first.body);
    await age('aged', 25);
    expect((await person.cashOut(100, 'aged')).body).not.toEqual(first.body);
  });
});
