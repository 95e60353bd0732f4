import { expect, test } from '../fixtures/test.ts';

const amounts = [
  'total_revenue',
  'total_refunds',
  'net_revenue',
  'transaction_count',
  'unique_paying_users',
  'arppu',
  'average_transaction_value',
];

test('test_revenue_summary_returns_ints_no_decimal', { tag: ['@economy', '@readonly'] }, async ({ as }) => {
  const answer = await (await as('ADMIN')).get('/api/admin/revenue/summary/');
  expect(answer.status()).toBe(200);
  const summary = await answer.json();
  expect(Object.keys(summary).sort()).toEqual([...amounts, 'period'].sort());
  // As it was written: a parser makes 12.0, "12" or 1.2e1 look like an integer.
  const text = await answer.text();
  const written = amounts.map((name) => new RegExp(`"${name}":\\s*[^,}\\s]+`).exec(text)?.[0] ?? name);
  const strange = written.filter((each) => !/":\s*(0|-?[1-9]\d*)$/.test(each));
  expect(strange.join(), 'amounts that are not written as integers').toBe('');
  expect(amounts.every((name) => Number.isSafeInteger(summary[name]))).toBe(true);
  expect(summary.net_revenue).toBe(summary.total_revenue - summary.total_refunds);
  expect(summary.period.start_date <= summary.period.end_date).toBe(true);

  const refused = await (await as('MEMBER')).get('/api/admin/revenue/summary/');
  expect(refused.status(), 'for a member').toBe(403);
});
