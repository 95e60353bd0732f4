import { expect, it } from 'vitest';
import { readNews, stateOf } from './news.ts';

const aliases = {
  providerRef: ['provider_ref', 'providerReference', 'reference', 'transaction_id', 'id'],
  externalRef: [
    'external_ref',
    'externalReference',
    'external_id',
    'client_ref',
    'clientReference',
    'merchant_ref',
    'merchantReference',
  ],
};
it.each(Object.entries(aliases).flatMap(([field, names]) => names.map((name) => [name, field] as const)))(
  '%s is its %s, in the body or in its data',
  (name, field) => {
    for (const body of [{ [name]: 'r-1', state: 'x' }, { data: { [name]: 'r-1', status: 'x' } }]) {
      const { news } = readNews('TMONEY', Buffer.from(JSON.stringify(body)));
      expect(news).toMatchObject({ [field]: 'r-1', status: 'x', state: 'SENT' });
    }
  },
);

it.each([
  ['CONFIRMED', 'TMONEY', ['SUCCESS', 'successful', 'CONFIRMED', 'COMPLETED']],
  ['FAILED', 'TMONEY', ['FAILED', 'REJECTED', 'CANCELLED', 'CANCELED']],
  ['SENT', 'TMONEY', ['PENDING', 'PAID', 'DECLINED', 'REJECTED_BY_BANK', '']],
  ['CONFIRMED', 'THUNES', ['PAID', 'COMPLETED']],
  ['SENT', 'THUNES', ['CONFIRMED', 'SUBMITTED', 'AVAILABLE']],
  ['FAILED', 'THUNES', ['DECLINED', 'DECLINED_LIMIT', 'REJECTED_BY_BANK']],
] as const)('%s for %s: %s', (state, provider, words) => {
  for (const word of words) expect(stateOf(provider, word)).toBe(state);
});
