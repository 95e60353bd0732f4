import { expectNoPersonalData, expectNoSecrets } from '../fixtures/expect-private.ts';
import { setting } from '../fixtures/settings.ts';
import { expect, test } from '../fixtures/test.ts';

const users = '/admin/auth/user/';
/** Views of administrators that programs read. */
const views = ['/api/admin/users/', '/api/v1/admin/settings', '/api/v1/admin/flags'];
const ways = 'form, button, input, select, textarea, script, [contenteditable], [onclick]';

test('test_admin_read_only_views_expose_no_secrets', { tag: ['@economy', '@readonly'] }, async ({
  page,
  as,
  request,
}) => {
  await page.setExtraHTTPHeaders({ authorization: `Bearer ${setting('SMOKE_TOKEN_ADMIN')}` });
  const shown = await page.goto(users);
  expect(shown?.status()).toBe(200);
  await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible();
  const table = page.getByRole('table');
  await expect(table.getByRole('columnheader')).toHaveText(['User', 'Role', 'Active', 'Joined (UTC)', 'Id']);
  expect(await table.getByRole('row').count(), 'head and users').toBeGreaterThan(1);
  await expect(page.locator(ways), 'ways to change something').toHaveCount(0);

  const admin = await as('ADMIN');
  const html = await admin.get(users);
  for (const answer of [html, ...(await Promise.all(views.map((view) => admin.get(view))))]) {
    expect(answer.status(), answer.url()).toBe(200);
    await expectNoSecrets(answer);
    await expectNoPersonalData(answer);
  }
  for (const method of ['post', 'put', 'patch', 'delete'] as const) {
    expect([404, 405], `${method} changes nothing`).toContain((await admin[method](users)).status());
  }
  expect((await request.get(users)).status(), 'for anybody').toBe(401);
  expect((await (await as('MEMBER')).get(users)).status(), 'for a member').toBe(403);
});
