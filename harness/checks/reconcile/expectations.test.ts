import { expect, it } from 'vitest';
import { evaluateExpectation } from '../../gate/evaluate.ts';
import type { FactSchema } from '../../gate/facts.ts';
import { type LedgerApi, startLedgerApi } from './fixtures/ledger-api.ts';
import { contextFor, measure } from './fixtures/setup.ts';
import type { SideOptions } from './options.ts';
import reconcile from './reconcile.ts';

/** What the default expectations say of two lists of amounts, each keyed by its place. */
async function judge(left: readonly string[], right: readonly string[]): Promise<string[]> {
  const body = (amounts: readonly string[]) =>
    `[${amounts.map((amount, n) => `{"id":"tx-${n}","amount":${amount}}`)}]`;
  const api: LedgerApi = await startLedgerApi((url) => ({
    body: body(url.pathname === '/left' ? left : right),
  }));
  const side = (path: string): SideOptions => ({
    api: { path, rows: '', paging: 'none' },
    columns: { key: 'id', amount: 'amount', unit: 'minor', sign: 'signed', currency: { constant: 'NGN' } },
  });
  try {
    const facts = await measure(
      { left: side('/left'), right: side('/right') },
      contextFor({ http: api.url }),
    );
    const subject = { schema: reconcile.facts as FactSchema, facts, needs: {} };
    return reconcile.expect.map((text) => `${text}: ${evaluateExpectation(text, subject).outcome}`);
  } finally {
    await api.close();
  }
}

const beyond = '92233720368547758080000';

it('default expectations pass equal books, with totals beyond 2^63 too', async () => {
  expect(await judge([beyond, '5'], [beyond, '5'])).toEqual([
    'breaks == 0: true',
    'left.total_minor == right.total_minor: true',
    'left.rows == right.rows: true',
    'explained: true',
  ]);
});

it('default expectations fail by one minor unit beyond 2^63', async () => {
  expect(await judge([beyond], ['92233720368547758080001'])).toEqual([
    'breaks == 0: false',
    'left.total_minor == right.total_minor: false',
    'left.rows == right.rows: true',
    'explained: true',
  ]);
});

it('default expectations fail on two breaks that cancel out in every total', async () => {
  expect(await judge(['10', '20'], ['15', '15'])).toEqual([
    'breaks == 0: false',
    'left.total_minor == right.total_minor: true',
    'left.rows == right.rows: true',
    'explained: true',
  ]);
});
