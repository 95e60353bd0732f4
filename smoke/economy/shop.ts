import { randomUUID } from 'node:crypto';
import { type APIRequestContext, type APIResponse, expect } from '@playwright/test';
import { type Account, postCoins } from '../fixtures/accounts.ts';
import type { CleanUp } from '../fixtures/clean-up.ts';

export const enforcement = 'PURCHASE_ENFORCEMENT_ENABLED';

export interface Item {
  id: number;
  sku: string;
  price: number;
}

/** The least dear that is on sale. */
export async function cheapest(request: APIRequestContext): Promise<Item> {
  const answer = await request.get('/api/shop/items');
  expect(answer.status()).toBe(200);
  const { items } = (await answer.json()) as { items: Item[] };
  expect(items.length, 'something is on sale').toBeGreaterThan(0);
  return items.reduce((least, item) => (item.price < least.price ? item : least));
}

/** What a purchase needs of its surroundings: a buyer with coins, and an administrator who pays back in the end. */
export interface Deal {
  account: Account;
  admin: APIRequestContext;
  cleanUp: CleanUp;
  item: Item;
}

/** Buys one; what was sold is refunded when the test is over, so that the revenue of the day stays what it was. */
export async function buy({ account, admin, cleanUp, item }: Deal): Promise<APIResponse> {
  const key = `smoke-${randomUUID()}`;
  const answer = await account.request.post('/api/shop/purchase/', {
    headers: { 'idempotency-key': key },
    data: { item_id: item.id, quantity: 1 },
  });
  if (answer.ok()) {
    const { purchase_id } = await answer.json();
    cleanUp.add(`the purchase ${purchase_id}`, () => refund(admin, purchase_id));
  }
  return answer;
}

async function refund(admin: APIRequestContext, purchaseId: string): Promise<void> {
  const headers = { 'idempotency-key': `smoke-${randomUUID()}` };
  const answer = await admin.post(`/api/admin/purchases/${purchaseId}/refund/`, { headers, data: {} });
  expect(answer.status(), 'the refund').toBe(201);
}

export async function ban(admin: APIRequestContext, { userId }: Account): Promise<void> {
  const data = { user_id: userId, kind: 'ban', reason: 'smoke test' };
  const answer = await admin.post('/api/moderation/sanctions/', { data });
  expect(answer.status(), 'the sanction').toBe(201);
}

/** Coins for so many of the item. */
export async function fund({ account, admin, item }: Deal, pieces: number): Promise<void> {
  await postCoins(admin, account.userId, item.price * pieces, 'smoke test');
}

export async function balanceOf({ request }: Account): Promise<number> {
  const answer = await request.get('/api/wallet/');
  expect(answer.status()).toBe(200);
  return (await answer.json()).balance;
}
