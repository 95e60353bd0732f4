import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintToken } from '#pipeline/runtime/token.ts';
import { startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';
import { jwtSecret } from '#pipeline/testing/service.ts';
import { demo } from './seed.ts';

let economy: TestEconomy;
let key = 0;

beforeAll(async () => {
  economy = await startEconomy();
}, 120_000);

afterAll(() => economy?.stop());

const move = (amount: number, more: object = {}) =>
  economy.as('admin', 'POST', `/api/admin/wallets/${demo.member.id}/transactions/`, {
    body: { amount, reason: 'test', ...more },
    headers: { 'idempotency-key': `t-${++key}` },
  });

describe('D1: wallet', () => {
  it('D1: a debit and a credit come round to the same balance, and the history says so', async () => {
    const before = (await economy.as('member', 'GET', '/api/wallet/')).body;
    const debit = await move(-250);
    expect([debit.status, debit.body.balance_after]).toEqual([201, before.balance - 250]);
    expect((await move(250)).body.balance_after).toBe(before.balance);
    expect((await economy.as('member', 'GET', '/api/wallet/')).body).toEqual(before);
    const { body } = await economy.as('member', 'GET', '/api/transactions?page=1&page_size=2');
    expect(body.transactions.map(({ amount }: { amount: number }) => amount)).toEqual([250, -250]);
    expect(body).toMatchObject({ page: 1, page_size: 2, has_prev: false, has_next: true });
  });

  it('D1: no debit goes below zero, and one without a key, or of nothing, is refused', async () => {
    const refused = await move(-1_000_000);
    expect([refused.status, refused.body.error.code]).toEqual([409, 'INSUFFICIENT_FUNDS']);
    expect((await move(0)).status).toBe(400);
    expect((await move(1.5)).status).toBe(400);
    const url = `/api/admin/wallets/${demo.member.id}/transactions/`;
    const body = { amount: 1, reason: 'test' };
    expect((await economy.as('admin', 'POST', url, { body })).status).toBe(400);
    const forged = { 'idempotency-key': 'shop:capture:1' };
    expect((await economy.as('admin', 'POST', url, { body, headers: forged })).status).toBe(400);
    expect(
      (await economy.as('member', 'POST', url, { body, headers: { 'idempotency-key': 'x' } })).status,
    ).toBe(403);
  });

  it('D1: a post that is sent again is answered again and done once', async () => {
    const send = (amount: number) =>
      economy.as('admin', 'POST', `/api/admin/wallets/${demo.member.id}/transactions/`, {
        body: { amount, reason: 'again' },
        headers: { 'idempotency-key': 'again' },
      });
    const first = await send(5);
    const second = await send(5);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect([first.headers['idempotency-replayed'], second.headers['idempotency-replayed']]).toEqual([
      undefined,
      'true',
    ]);
    expect((await send(6)).status).toBe(409);
  });

  it('D1: pages, put together, are the whole history once, whatever their size', async () => {
    for (let count = 0; count < 12; count++) await move(count + 1);
    const whole = (await economy.as('member', 'GET', '/api/transactions?page_size=100')).body;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), async (size) => {
        const ids: number[] = [];
        for (let page = 1; ; page++) {
          const { body } = await economy.as(
            'member',
            'GET',
            `/api/transactions?page=${page}&page_size=${size}`,
          );
          ids.push(...body.transactions.map(({ id }: { id: number }) => id));
          expect(body.has_prev).toBe(page > 1);
          expect(body.transactions).not.toEqual([]);
          if (!body.has_next) break;
        }
        expect(ids).toEqual(whole.transactions.map(({ id }: { id: number }) => id));
      }),
      { numRuns: 10, examples: [[1]] },
    );
    const beyond = (await economy.as('member', 'GET', '/api/transactions?page=999999&page_size=9999')).body;
    expect(beyond).toMatchObject({
      transactions: [],
      page_size: 100,
      total_count: whole.total_count,
      has_next: false,
    });
  });
});

describe('D1: CSV export', () => {
  it('D1: has one byte order mark, the columns, every row, and no formula', async () => {
    await move(3, { reason: '=SUM(A1)' });
    await move(4, { reason: 'said "yes", \ufeffthen left' });
    const response = await economy.service.app.http.inject({
      url: '/api/transactions/export/?format=csv',
      headers: {
        authorization: `Bearer ${mintToken(jwtSecret, { sub: demo.member.id, role: 'MEMBER' }, 60)}`,
      },
    });
    expect(response.headers['content-type']).toBe('text/csv; charset=utf-8');
    const bytes = response.rawPayload;
    const mark = Buffer.from([0xef, 0xbb, 0xbf]);
    expect([bytes.indexOf(mark), bytes.lastIndexOf(mark)]).toEqual([0, 0]);
    const lines = bytes.toString().slice(1).trimEnd().split('\r\n');
    expect(lines[0]).toBe('Date,Type,Amount,Balance After,Reason,ID');
    expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,Credit,4,\d+,"said ""yes"", then left",\d+$/);
    expect(lines[2]).toMatch(/,Credit,3,\d+,'=SUM\(A1\),\d+$/);
    const { total_count: rows } = (await economy.as('member', 'GET', '/api/transactions')).body;
    expect(lines).toHaveLength(rows + 1);
  });

  it('D1: streams a history of many batches, in order, without gaps', async () => {
    await economy.service.app.platform.db.query(
      `DO $$ BEGIN FOR n IN 1..2500 LOOP
         INSERT INTO economy_transactions (wallet_id, amount, reason, idempotency_key)
         SELECT id, 1, 'bulk', 'bulk-' || n FROM economy_wallets WHERE user_id = '${demo.banned.id}';
       END LOOP; END $$`,
    );
    const { body } = await economy.as('banned', 'GET', '/api/transactions/export/?format=csv');
    const balances = String(body)
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((line) => Number(line.split(',')[3]));
    expect(balances).toEqual(Array.from({ length: 2501 }, (_, index) => 12_500 - index));
    expect((await economy.as('member', 'GET', '/api/transactions/export/?format=xml')).status).toBe(400);
  });
});
