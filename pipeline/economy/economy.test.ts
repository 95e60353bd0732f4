import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passwords, startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';
import { demo } from './seed.ts';

let economy: TestEconomy;

beforeAll(async () => {
  economy = await startEconomy();
}, 120_000);

afterAll(() => economy?.stop());

const open = { role: null } as const;
const email = /[\w.+-]+@(?!example\.(com|org))[\w-]+\.\w+/;
const names = Object.values(demo).map(({ username }) => username);
const buy = (body: object, headers: Record<string, string> = {}) =>
  economy.as('member', 'POST', '/api/shop/purchase/', { body, headers });

describe('D1: health and envelope', () => {
  it('D1: /health says status ok and the version', async () => {
    const { status, body } = await economy.service.call('GET', '/health', open);
    expect(status).toBe(200);
    expect(body).toEqual({ status: 'ok', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  });

  it('D1: every refusal has the same keys, a path that is none among them', async () => {
    const refused = [
      await economy.service.call('GET', '/no/such/path/', open),
      await economy.as('admin', 'POST', '/admin/auth/user/', { body: {} }),
      await economy.service.call('GET', '/api/transactions?page=1&page_size=10', open),
      await economy.as('member', 'GET', '/api/admin/revenue/summary/'),
      await economy.as('member', 'GET', '/api/transactions?page=0'),
      await economy.service.call('POST', '/api/auth/login/', { ...open, body: {} }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([404, 405, 401, 403, 400, 400]);
    for (const { status, body } of refused) {
      expect(Object.keys(body).sort()).toEqual(['error', 'status', 'success', 'timestamp']);
      expect(body).toMatchObject({
        success: false,
        status,
        error: { code: expect.stringMatching(/^[A-Z_]+$/) },
      });
    }
  });

  it('D1: each route answers with and without the slash at its end', async () => {
    const gets = ['/health', '/api/shop/items', '/api/moderation/enforcement/ping', '/api/schema'];
    for (const path of gets) {
      for (const url of [path, `${path}/`]) {
        expect((await economy.service.call('GET', url, open)).status, url).toBe(200);
      }
    }
    for (const path of ['/api/transactions', '/api/transactions/export', '/api/wallet']) {
      for (const url of [path, `${path}/`]) {
        expect((await economy.as('member', 'GET', url)).status, url).toBe(200);
      }
    }
    for (const path of ['/api/admin/revenue/summary', '/admin/auth/user', '/api/admin/users']) {
      for (const url of [path, `${path}/`]) {
        expect((await economy.as('admin', 'GET', url)).status, url).toBe(200);
      }
    }
    for (const url of ['/api/auth/login', '/api/auth/login/', '/api/shop/purchase', '/api/shop/purchase/']) {
      expect((await economy.as('member', 'POST', url, { body: {} })).status, url).toBe(400);
    }
  });
});

describe('D1: auth handshake', () => {
  const login = (username: string, password: string) =>
    economy.service.call('POST', '/api/auth/login/', { ...open, body: { username, password } });

  it('D1: a login gives a token and an opaque id, with the fewest claims, and nothing of the person', async () => {
    const { status, body } = await login(demo.member.username, passwords.memberPassword);
    expect([status, Object.keys(body).sort()]).toEqual([
      200,
      ['expires_in', 'token', 'token_type', 'user_id'],
    ]);
    expect(body.user_id).toBe(demo.member.id);
    const claims = JSON.parse(Buffer.from(body.token.split('.')[1], 'base64url').toString());
    expect(Object.keys(claims).sort()).toEqual(['exp', 'iat', 'role', 'sub']);
    expect(claims.exp - claims.iat).toBe(3600);
    for (const name of names) expect(JSON.stringify([body, claims])).not.toContain(name);
    const headers = { authorization: `Bearer ${body.token}` };
    expect((await economy.service.call('GET', '/api/wallet/', { ...open, headers })).status).toBe(200);
  });

  it('D1: a wrong name and a wrong password are refused alike, and guessing is stopped', async () => {
    const wrong = await login(demo.banned.username, 'not the password');
    const nobody = await login('nobody-at-all', 'not the password');
    expect([wrong.status, wrong.body.error]).toEqual([nobody.status, nobody.body.error]);
    expect(wrong.status).toBe(401);
    for (let count = 0; count < 9; count++) await login(demo.banned.username, 'not the password');
    const stopped = await login(demo.banned.username, passwords.memberPassword);
    expect([stopped.status, stopped.body.error.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
    expect(stopped.headers['retry-after']).toBeDefined();
  });

  it('D1: a token that names no user of the platform, or of another role, opens no wallet', async () => {
    const { service } = economy;
    expect((await service.call('GET', '/api/wallet/', { role: 'MEMBER', sub: 'local' })).status).toBe(401);
    expect((await service.call('GET', '/api/wallet/', { role: 'SYSTEM_INTEGRATOR' })).status).toBe(403);
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect((await service.call('GET', '/api/wallet/', { role: 'MEMBER', sub: unknown })).status).toBe(404);
  });
});

describe('D1: shop', () => {
  it('D1: a purchase is made with the flags off, and debits its price once for its key', async () => {
    const { items } = (await economy.service.call('GET', '/api/shop/items', open)).body;
    const badge = items.find(({ sku }: { sku: string }) => sku === 'BADGE-SILVER');
    const before = (await economy.as('member', 'GET', '/api/wallet/')).body.balance;
    const headers = { 'idempotency-key': 'purchase-1' };
    const bought = await buy({ item_id: badge.id, quantity: 2 }, headers);
    expect([bought.status, bought.body]).toMatchObject([
      201,
      { state: 'captured', quantity: 2, total: 400, balance_after: before - 400 },
    ]);
    const again = await buy({ item_id: badge.id, quantity: 2 }, headers);
    expect([again.status, again.body, again.headers['idempotency-replayed']]).toEqual([
      201,
      bought.body,
      'true',
    ]);
    expect((await buy({ item_id: badge.id, quantity: 3 }, headers)).status).toBe(409);
    expect((await economy.as('member', 'GET', '/api/wallet/')).body.balance).toBe(before - 400);
  });

  it('D1: what is not on sale, too much, or too dear is refused and moves nothing', async () => {
    const before = (await economy.as('member', 'GET', '/api/wallet/')).body;
    const frame = economy.items['FRAME-GOLD'];
    const answers = [
      await buy({ item_id: 999_999, quantity: 1 }),
      await buy({ item_id: frame, quantity: 100 }),
      await buy({ item_id: frame, quantity: 0 }),
      await buy({ item_id: frame, quantity: 1.5 }),
      await buy({ item_id: 2 ** 31, quantity: 1 }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 409, 400, 400, 400]);
    expect((await economy.as('member', 'GET', '/api/wallet/')).body).toEqual(before);
  });

  it('D1: a hold is captured or released by its owner only, and a captured one refunded by an administrator', async () => {
    const body = { item_id: economy.items['BADGE-BRONZE'] };
    const hold = (await economy.as('member', 'POST', '/api/shop/holds/', { body })).body;
    expect(hold).toMatchObject({ state: 'authorized', total: 50, transaction_id: null, balance_after: null });
    const url = `/api/shop/holds/${hold.purchase_id}/`;
    expect((await economy.as('banned', 'POST', `${url}capture/`)).status).toBe(404);
    expect((await economy.as('member', 'POST', `${url}capture/`)).body.state).toBe('captured');
    expect((await economy.as('member', 'POST', `${url}capture/`)).status).toBe(200);
    expect((await economy.as('member', 'POST', `${url}release/`)).status).toBe(409);
    const refund = `/api/admin/purchases/${hold.purchase_id}/refund/`;
    const give = (amount: number) =>
      economy.as('admin', 'POST', refund, {
        body: { amount },
        headers: { 'idempotency-key': `r-${amount}` },
      });
    expect((await give(20)).body).toMatchObject({ amount: 20, purchase: { refunded: 20 } });
    expect((await give(31)).status).toBe(409);
    expect((await give(30)).body.purchase.refunded).toBe(50);
  });
});

describe('D1: revenue', () => {
  it('D1: the summary holds whole numbers that come from the ledger, averages rounded down', async () => {
    const { status, body } = await economy.as('admin', 'GET', '/api/admin/revenue/summary/');
    expect(status).toBe(200);
    const { period, ...values } = body;
    expect(values).toEqual({
      total_revenue: 450,
      total_refunds: 50,
      net_revenue: 400,
      transaction_count: 2,
      unique_paying_users: 1,
      arppu: 400,
      average_transaction_value: 225,
    });
    expect(period).toEqual({
      start_date: expect.any(String),
      end_date: new Date().toISOString().slice(0, 10),
    });
    const url = '/api/admin/revenue/summary/?start_date=';
    const empty = (await economy.as('admin', 'GET', `${url}2001-01-01&end_date=2001-01-31`)).body;
    expect(empty).toMatchObject({ total_revenue: 0, net_revenue: 0, arppu: 0, average_transaction_value: 0 });
    for (const query of ['2026-02-30', '2026-01-02&end_date=2026-01-01']) {
      expect((await economy.as('admin', 'GET', `${url}${query}`)).status).toBe(400);
    }
  });
});

describe('D1: what administrators and everybody may read', () => {
  it('D1: the pages and the JSON of users hold no secret, and are for administrators', async () => {
    const page = await economy.as('admin', 'GET', '/admin/auth/user/');
    const list = await economy.as('admin', 'GET', '/api/admin/users/?page_size=2');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.body).toContain(demo.member.username);
    expect(list.body).toMatchObject({ total_count: 3, page_size: 2 });
    for (const text of [page.body, JSON.stringify(list.body)]) {
      expect(text).not.toMatch(/scrypt|password|secret|eyJ/i);
      expect(text).not.toMatch(/<form|<script|<input/);
    }
    for (const url of ['/admin/auth/user/', '/api/admin/users/']) {
      expect((await economy.as('member', 'GET', url)).status).toBe(403);
      expect((await economy.service.call('GET', url, open)).status).toBe(401);
    }
  });

  it('D1: an administrator makes a member, who then logs in and buys no more', async () => {
    const who = { username: 'new-member', password: 'twelve or more characters' };
    const made = await economy.as('admin', 'POST', '/api/admin/users/', { body: who });
    expect(made).toMatchObject({ status: 201, body: { role: 'MEMBER', active: true } });
    expect(JSON.stringify(made.body)).not.toContain('password');
    const again = await economy.as('admin', 'POST', '/api/admin/users/', { body: who });
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } });
    expect((await economy.as('member', 'POST', '/api/admin/users/', { body: who })).status).toBe(403);

    const login = () => economy.service.call('POST', '/api/auth/login/', { role: null, body: who });
    expect((await login()).body.user_id).toBe(made.body.id);
    const wallet = `/api/admin/wallets/${made.body.id}/`;
    const coins = { headers: { 'idempotency-key': 'first' }, body: { amount: 90, reason: 'a start' } };
    expect((await economy.as('admin', 'POST', `${wallet}transactions/`, coins)).status).toBe(201);
    const self = { sub: made.body.id, role: 'MEMBER' } as const;
    const buying = { ...self, body: { item_id: economy.items['BADGE-BRONZE'] } };
    const hold = await economy.service.call('POST', '/api/shop/holds/', buying);
    expect(hold.status).toBe(201);

    const end = `/api/admin/users/${made.body.id}/deactivate/`;
    expect((await economy.as('admin', 'POST', end)).body).toMatchObject({ active: false });
    expect((await economy.as('admin', 'POST', end)).status).toBe(200);
    expect((await login()).status).toBe(401);
    expect((await economy.service.call('POST', '/api/shop/purchase/', buying)).status).toBe(404);
    const capture = `/api/shop/holds/${hold.body.purchase_id}/capture/`;
    expect(await economy.service.call('POST', capture, self)).toMatchObject({
      status: 409,
      body: { error: { message: 'the hold is released' } },
    });
    expect((await economy.as('admin', 'GET', wallet)).body).toMatchObject({ balance: 90, held: 0 });
    expect((await economy.as('admin', 'POST', `/api/admin/users/${demo.admin.id}/deactivate/`)).status).toBe(
      404,
    );
  });

  it('D1: the OpenAPI document holds the routes and nothing of any person', async () => {
    const { body } = await economy.service.call('GET', '/api/schema/', open);
    const wanted = [
      '/api/auth/login/',
      '/api/transactions',
      '/api/transactions/export/',
      '/api/shop/items',
      '/api/shop/purchase/',
      '/api/moderation/enforcement/ping',
      '/api/admin/revenue/summary/',
      '/admin/auth/user/',
    ];
    expect(Object.keys(body.paths)).toEqual(expect.arrayContaining(wanted));
    const text = JSON.stringify(body);
    expect(text).not.toMatch(email);
    for (const name of names) expect(text).not.toContain(name);
  });

  it('D1: the log holds no password, token or name', async () => {
    const text = JSON.stringify(economy.service.lines);
    for (const secret of [...Object.values(passwords), ...names, 'eyJ']) expect(text).not.toContain(secret);
    expect(economy.service.lines.filter(({ event }) => event === 'request.failed')).toEqual([]);
  });
});
