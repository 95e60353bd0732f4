import { expectNoPersonalData } from '../fixtures/expect-private.ts';
import { expect, test } from '../fixtures/test.ts';

const mark = Buffer.from([0xef, 0xbb, 0xbf]);
const row = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,(Credit|Debit),-?\d+,\d+,("([^"]|"")*"|[^",]*),\d+$/;

test('test_transaction_csv_export_bom_once', { tag: ['@economy', '@readonly'] }, async ({ login }) => {
  const { request } = await login('MEMBER');
  const answer = await request.get('/api/transactions/export/', { params: { format: 'csv' } });
  expect(answer.status()).toBe(200);
  expect(answer.headers()['content-type']).toMatch(/^text\/csv\b/);
  const bytes = await answer.body();
  const marks = [...bytes.keys()].filter((at) => bytes.subarray(at, at + mark.length).equals(mark));
  expect(marks.join(), 'places of a byte order mark').toBe('0');

  const [head, ...rows] = bytes.subarray(mark.length).toString('utf8').split('\r\n');
  expect(head).toBe('Date,Type,Amount,Balance After,Reason,ID');
  expect(rows.pop(), 'after the last line').toBe('');
  expect(rows.length, 'the member has transactions').toBeGreaterThan(0);
  expect(rows.filter((line) => !row.test(line)).length, 'lines of another form').toBe(0);
  await expectNoPersonalData(answer);
});
