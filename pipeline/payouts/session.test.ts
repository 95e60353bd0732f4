import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintToken } from '#pipeline/runtime/token.ts';
import { startPayouts, type TestPayouts } from '#pipeline/testing/payouts.ts';
import {
  type CallOptions,
  jwtSecret,
  payoutsSecret,
  startService,
  testEnv,
} from '#pipeline/testing/service.ts';

let payouts: TestPayouts;

beforeAll(async () => {
  payouts = await startPayouts({ BOOTSTRAP_SECRET: 'a secret to begin with', LOGINS_PER_MINUTE: '8' });
}, 120_000);

afterAll(() => payouts?.stop());

const ada = {
  email: 'Ada@example.org',
  password: 'a password of hers',
  phone_e164: '+22890000001',
  country: 'TG',
  full_name: 'Ada',
};
const post = (url: string, body: object, options: CallOptions = {}) =>
  payouts.service.call('POST', url, { role: null, body, ...options });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('registering and logging in', () => {
  it('a new user has a wallet, and a token to see it with', async () => {
    const made = await post('/v1/auth/register', ada);
    expect([made.status, made.body]).toEqual([
      201,
      { user_id: expect.any(String), wallet_id: expect.any(String) },
    ]);
    const login = await post('/v1/auth/login', { email: 'ada@EXAMPLE.org', password: ada.password });
    expect(login.body).toMatchObject({ user_id: made.body.user_id, token_type: 'bearer' });
    const wallets = await payouts.service.call('GET', '/v1/wallets', {
      role: null,
      headers: bearer(login.body.access_token),
    });
    expect(wallets.body).toEqual({
      wallets: [{ wallet_id: made.body.wallet_id, currency: 'XOF', balance_cents: 0 }],
    });
  });

  it('an address or a number is taken once, and a wrong password is told as a name that there is not', async () => {
    const again = await post('/v1/auth/register', {
      ...ada,
      email: 'ADA@example.org',
      phone_e164: '+22890000002',
    });
    expect([again.status, again.body]).toEqual([400, { detail: 'EMAIL_TAKEN' }]);
    const same = await post('/v1/auth/register', { ...ada, email: 'bea@example.org' });
    expect([same.status, same.body]).toEqual([400, { detail: 'PHONE_TAKEN' }]);
    for (const email of [ada.email, 'nobody@example.org']) {
      const wrong = await post('/v1/auth/login', { email, password: 'not hers' });
      expect([wrong.status, wrong.body]).toEqual([401, { detail: 'INVALID_CREDENTIALS' }]);
    }
  });

  it('N7: past LOGINS_PER_MINUTE an address is told to come back later, whatever it sends', async () => {
    const tries = await Promise.all(
      Array.from({ length: 9 }, () => post('/v1/auth/login', { email: 'x', password: 'y' })),
    );
    const limited = tries.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(0);
    expect(limited[0]?.body).toEqual({ detail: 'RATE_LIMITED' });
    expect(Number(limited[0]?.headers['retry-after'])).toBeGreaterThan(0);
    expect((await post('/v1/auth/login', { email: 'x', password: 'y' })).status).toBe(429);
  });
});

describe('N7: two realms', () => {
  it('a token of the other key is nothing here, nor ours there', async () => {
    const { call, userId } = await payouts.person();
    expect((await call('GET', '/v1/wallets', { secret: jwtSecret })).status).toBe(401);
    expect((await call('GET', '/v1/wallets')).status).toBe(200);
    const whole = await startService(testEnv(payouts.databaseUrl));
    const settings = '/api/v1/admin/settings';
    const ours = await whole.call('GET', settings, { role: 'ADMIN', sub: userId });
    const theirs = await payouts.person({ role: 'ADMIN' });
    const token = mintToken(testEnv('').JWT_SECRET ?? '', { sub: theirs.userId, role: 'ADMIN' }, 60);
    const foreign = await whole.call('GET', settings, { role: null, headers: bearer(token) });
    expect([ours.status, foreign.status]).toEqual([200, 401]);
    await whole.close();
  });

  it('another JWT_SECRET makes the tokens of before invalid', async () => {
    const { call } = await payouts.person();
    const rotated = await startService({
      ...testEnv(payouts.databaseUrl),
      DOMAINS: 'payouts',
      JWT_SECRET: 'a secret that came later',
    });
    const { userId } = await payouts.person();
    const old = await rotated.call('GET', '/v1/wallets', {
      role: 'USER',
      sub: userId,
      secret: testEnv('').JWT_SECRET ?? '',
    });
    expect([old.status, old.body]).toEqual([401, { detail: 'UNAUTHENTICATED' }]);
    expect((await call('GET', '/v1/wallets')).status).toBe(200);
    await rotated.close();
  });

  it('whose subject is no id of one user opens nothing', async () => {
    const { userId } = await payouts.person();
    for (const sub of [[userId], { id: userId }, 5, null, userId.toUpperCase()]) {
      const as = { sub: sub as string, secret: payoutsSecret };
      const { status } = await payouts.service.call('GET', '/v1/wallets', { ...as, role: 'USER' });
      const flags = await payouts.service.call('GET', '/v1/admin/webhooks/events', { ...as, role: 'ADMIN' });
      expect([status, flags.status], JSON.stringify(sub)).toEqual([401, 403]);
    }
  });

  it('where payouts run alone, their administrator has the settings and flags, and other domains no routes', async () => {
    const admin = await payouts.person({ role: 'ADMIN' });
    expect((await admin.call('GET', '/api/v1/admin/flags')).status).toBe(200);
    expect((await admin.call('GET', '/api/shop/items')).status).toBe(404);
    const user = await payouts.person();
    expect((await user.call('GET', '/api/v1/admin/flags')).status).toBe(403);
  });
});

describe('roles', () => {
  it('count at once, for tokens that there are too, and leave an audit row', async () => {
    const [admin, user] = [await payouts.person({ role: 'ADMIN' }), await payouts.person()];
    const url = '/v1/admin/roles/set';
    const refused = await user.call('POST', url, { body: { target_user_id: user.userId, role: 'ADMIN' } });
    expect([refused.status, refused.body]).toEqual([403, { detail: 'ADMIN_REQUIRED' }]);
    const claimed = await user.call('POST', url, {
      role: 'ADMIN',
      body: { target_user_id: user.userId, role: 'ADMIN' },
    });
    expect(claimed.status).toBe(403);
    const body = { target_user_id: user.userId, role: 'ADMIN' };
    expect((await admin.call('POST', url, { body })).body).toEqual({ user_id: user.userId, role: 'ADMIN' });
    expect((await user.call('GET', '/v1/admin/webhooks/events')).status).toBe(200);
    const { rows } = await payouts.db.query(
      'SELECT actor, action, detail FROM app.audit_log WHERE target = $1',
      [user.userId],
    );
    expect(rows).toEqual([{ actor: admin.userId, action: 'user.role.set', detail: { role: 'ADMIN' } }]);
  });

  it('the first administrator comes from whoever has the secret, and not in production', async () => {
    const { email, userId } = await payouts.person();
    const url = '/debug/bootstrap-admin';
    expect((await post(url, { email })).status).toBe(401);
    expect((await post(url, { email }, { headers: { 'x-bootstrap-secret': 'wrong' } })).status).toBe(401);
    const headers = { 'x-bootstrap-secret': 'a secret to begin with' };
    expect((await post(url, { email }, { headers })).body).toEqual({ user_id: userId, role: 'ADMIN' });
    expect((await post(url, { email: 'nobody@example.org' }, { headers })).status).toBe(404);
  });
});

describe('at the door', () => {
  it('a staging host wants its key', async () => {
    const staging = await startService({
      ...testEnv(payouts.databaseUrl),
      DOMAINS: 'payouts',
      STAGING_KEY: 'the key of the host',
    });
    const ask = (headers: Record<string, string>) =>
      staging.call('POST', '/v1/auth/login', { role: null, headers, body: { email: 'x', password: 'y' } });
    expect((await ask({})).body).toEqual({ detail: 'STAGING_KEY_REQUIRED' });
    expect((await ask({ 'x-staging-key': 'the key of the host' })).body).toEqual({
      detail: 'INVALID_CREDENTIALS',
    });
    await staging.close();
  });

  it('N7: pages of CORS_ALLOW_ORIGINS may call, and no others', async () => {
    const open = await startService({
      ...testEnv(payouts.databaseUrl),
      DOMAINS: 'payouts',
      CORS_ALLOW_ORIGINS: 'https://app.example.com, https://admin.example.com',
    });
    const preflight = (origin: string) =>
      open.app.http.inject({
        method: 'OPTIONS',
        url: '/v1/cash-out/mobile-money',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'idempotency-key,authorization',
        },
      });
    const allowed = await preflight('https://admin.example.com');
    expect(allowed.statusCode).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://admin.example.com',
      'access-control-allow-headers': 'idempotency-key,authorization',
    });
    const foreign = await preflight('https://evil.example.com');
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
    await open.close();
  });

  it('X-Request-ID comes back, and a body that is not understood is a 422', async () => {
    const { call } = await payouts.person({ role: 'ADMIN' });
    const id = { 'x-request-id': 'request-7' };
    const odd = await call('POST', '/v1/admin/roles/set', { body: { role: 'KING' }, headers: id });
    expect([odd.status, odd.headers['x-request-id']]).toEqual([422, 'request-7']);
    expect(odd.body.detail).toMatch(/target_user_id/);
  });
});
