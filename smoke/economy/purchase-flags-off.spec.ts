import { expect, test } from '../fixtures/test.ts';
import { balanceOf, ban, buy, cheapest, enforcement, fund } from './shop.ts';

test('test_purchase_happy_path_flags_off', { tag: ['@economy', '@writes'] }, async ({
  account,
  as,
  cleanUp,
  flags,
}) => {
  // Where enforcement is on for good, no test turns it off: it would let those buy who are banned.
  test.skip((await flags.settled(enforcement)) !== false, `${enforcement} is on here`);
  const admin = await as('ADMIN');
  const item = await cheapest(account.request);
  const deal = { account, admin, cleanUp, item };
  await fund(deal, 2);
  await flags.hold(enforcement, false);

  const answer = await buy(deal);
  expect(answer.status(), 'a purchase').toBe(201);
  expect(await answer.json()).toMatchObject({
    state: 'captured',
    item_id: item.id,
    quantity: 1,
    total: item.price,
    balance_after: item.price,
  });
  expect(await balanceOf(account), 'after the purchase').toBe(item.price);

  await ban(admin, account);
  expect((await buy(deal)).status(), 'a purchase of somebody banned, which nothing looks up').toBe(201);
  expect(await balanceOf(account), 'after both').toBe(0);
});
