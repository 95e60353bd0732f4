import { describe, expect, it } from 'vitest';
import { testContext } from '../../testing/context.ts';
import type { Break } from './breaks.ts';
import { keepEvidence } from './evidence.ts';
import { makeRow } from './fixtures/ledger.ts';
import { createDescribe } from './summary.ts';

const now = new Date('2026-11-25T08:30:00Z');

async function breaksCsv(breaks: Break[], mask = false): Promise<string[]> {
  const context = testContext();
  await keepEvidence(context, { breaks, buckets: [], definition: {} }, createDescribe(mask, now));
  return (context.artifacts.get('breaks.csv') ?? '').split('\r\n');
}

const lone = (key: string, change: Partial<Break['left']> = {}): Break => ({
  class: 'missing_right',
  key,
  left: makeRow({ key, ...change }),
  right: undefined,
  differs: [],
});

describe('breaks.csv', () => {
  it('holds every break with both amounts, their difference and its age', async () => {
    const left = makeRow({ key: 'a', amount: 500n });
    const right = makeRow({ key: 'a', amount: 720n });
    const lines = await breaksCsv([
      { class: 'amount', key: 'a', left, right, differs: ['amount'] },
      lone('b'),
    ]);
    expect(lines).toEqual([
      'class,differs,key,difference_minor,left_currency,left_minor,left_at,left_type,left_status,right_currency,right_minor,right_at,right_type,right_status,age_days',
      'amount,amount,a,-220,NGN,500,2026-11-01T00:00:00.000Z,credit,posted,NGN,720,2026-11-01T00:00:00.000Z,credit,posted,24',
      'missing_right,,b,100,NGN,100,2026-11-01T00:00:00.000Z,credit,posted,,,,,,24',
      '',
    ]);
  });

  it.each(['=1+1', '+cmd', '-x', '@SUM(A1)', '\tx', '=HYPERLINK("http://x")'])(
    'makes no formula of %j',
    async (key) => {
      const [, line = ''] = await breaksCsv([lone(key)]);
      expect(line.split(',')[2]?.replace(/^"/, '')).toMatch(/^'/);
    },
  );

  it('leaves negative amounts as numbers', async () => {
    const [, line = ''] = await breaksCsv([lone('a', { amount: -5n })]);
    expect(line.split(',')[5]).toBe('-5');
  });

  it('quotes commas, quotes and line ends as RFC 4180 has it', async () => {
    const [, line = ''] = await breaksCsv([lone('a,"b"\nc')]);
    expect(line).toContain('"a,""b""\nc"');
  });

  it('masks keys where asked, so that two stay apart', async () => {
    const lines = await breaksCsv([lone('secret-account-0001'), lone('public-account-0001')], true);
    expect(lines.join()).not.toContain('account');
    expect(lines[1]?.split(',')[2]).toMatch(/^…0001 [0-9a-f]{8}$/);
    expect(lines[1]).not.toBe(lines[2]);
  });
});
