import { expectNoPersonalData } from '../fixtures/expect-private.ts';
import { setting } from '../fixtures/settings.ts';
import { expect, test } from '../fixtures/test.ts';

test('test_auth_handshake_minimal_claims_no_pii', { tag: ['@economy', '@readonly'] }, async ({
  request,
  open,
}) => {
  const username = setting('SMOKE_MEMBER_USERNAME');
  const logIn = (password: string) => request.post('/api/auth/login/', { data: { username, password } });
  const answer = await logIn(setting('SMOKE_MEMBER_PASSWORD'));
  expect(answer.status()).toBe(200);
  const session = await answer.json();
  expect(keysOf(session), 'the keys of a login').toBe('expires_in token token_type user_id');
  expect(await answer.text(), 'the name does not come back').not.toContain(username);
  await expectNoPersonalData(answer);

  const claims = claimsOf(session.token);
  expect(keysOf(claims), 'the claims').toBe('exp iat role sub');
  expect(claims).toMatchObject({ sub: session.user_id, role: 'MEMBER' });
  expect(JSON.stringify(claims), 'the name is no claim').not.toContain(username);
  expect(Number(claims['exp']) - Number(claims['iat']), 'a life of an hour at most').toBeLessThanOrEqual(
    3600,
  );

  const member = await open(session.token);
  expect((await member.get('/api/wallet/')).status(), 'the token opens the wallet').toBe(200);
  expect((await request.get('/api/wallet/')).status(), 'nothing else does').toBe(401);
  expect((await logIn('not the password at all')).status(), 'another password').toBe(401);
});

const keysOf = (value: object) => Object.keys(value).sort().join(' ');

function claimsOf(token: string): Record<string, unknown> {
  const [, payload = ''] = token.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
}
