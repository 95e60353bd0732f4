import { expectNoPersonalData, expectNoSecrets } from '../fixtures/expect-private.ts';
import { setting } from '../fixtures/settings.ts';
import { expect, test } from '../fixtures/test.ts';

const documented = [
  '/health',
  '/api/auth/login/',
  '/api/transactions',
  '/api/transactions/export/',
  '/api/shop/items',
  '/api/shop/purchase/',
  '/api/moderation/enforcement/ping',
  '/api/admin/revenue/summary/',
];

test('test_openapi_served_contains_no_emails_or_usernames', {
  tag: ['@economy', '@readonly'],
}, async ({ request }) => {
  const answer = await request.get('/api/schema/');
  expect(answer.status()).toBe(200);
  const schema = await answer.json();
  expect(schema.openapi).toMatch(/^3\.\d/);
  expect(Object.keys(schema.paths)).toEqual(expect.arrayContaining(documented));
  await expectNoPersonalData(answer);
  await expectNoSecrets(answer);
  const text = await answer.text();
  const names = ['MEMBER', 'BANNED', 'ADMIN'].map((role) => setting(`SMOKE_${role}_USERNAME`));
  expect(
    names.filter((name) => text.includes(name)),
    'names of users',
  ).toEqual([]);
});
