import nock from 'nock';
import { afterAll, afterEach, beforeEach, expect } from 'vitest';
import type { MonoClientOptions } from '../client.ts';
import { clientUnderTest, collect } from './testing.ts';

/** Mono as the documentation shows it, mocked at the HTTP layer. */
export const base = 'https://api.withmono.com';
export const id = '66141b98aaa34e17e8cf0001';
export const path = `/v2/accounts/${id}/transactions`;
export const row = {
  id: '66141bbff58d2687e7d90001',
  narration: 'NIP TRANSFER FROM ADA STORES',
  amount: 1500050,
  type: 'credit',
  balance: 98000000,
  date: '2026-11-20T09:30:00.000Z',
  category: 'transfer',
};
export const onePage = {
  status: 'successful',
  data: [row],
  meta: { total: 1, page: 1, previous: null, next: null },
};
export const window = { accountId: id, limit: 50 };

type Options = Partial<MonoClientOptions>;

export const make = (options: Options = {}) => clientUnderTest({ baseUrl: base, ...options });
export const fetchAll = (options?: Options) => collect(make(options).client.pages(window));
export const transactions = () => nock(base).get(path).query(true);

/** No request leaves the machine, and every mock has to be used. */
export function useNock(): void {
  beforeEach(() => nock.disableNetConnect());
  afterEach(() => {
    const unused = nock.pendingMocks();
    nock.cleanAll();
    expect(unused).toEqual([]);
  });
  afterAll(() => {
    nock.enableNetConnect();
    nock.restore();
  });
}
