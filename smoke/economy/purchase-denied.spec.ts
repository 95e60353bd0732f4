import { expect, test } from '../fixtures/test.ts';
import { balanceOf, ban, buy, cheapest, enforcement, fund } from './shop.ts';

test('test_purchase_denied_when_flags_on_and_banned', { tag: ['@economy', '@writes'] }, async ({
  account,
  newAccount,
  as,
  cleanUp,
  flags,
}) => {
  const admin = await as('ADMIN');
  const item = await cheapest(account.request);
  const banned = { account, admin, cleanUp, item };
  const other = { ...banned, account: await newAccount() };
  await fund(banned, 1);
  await fund(other, 1);
  await ban(admin, account);
  if ((await flags.settled(enforcement)) !== true) await flags.hold(enforcement, true);

  const answer = await buy(banned);
  expect(answer.status(), 'a purchase of somebody banned').toBe(403);
  expect(await answer.json()).toMatchObject({ status: 403, error: { code: 'BANNED' } });
  expect(await balanceOf(account), 'nothing was paid').toBe(item.price);
  const { transactions } = await (await account.request.get('/api/transactions')).json();
  expect(transactions, 'only the coins that it was given').toHaveLength(1);

  expect((await buy(other)).status(), 'a purchase of somebody else').toBe(201);
});
