import { setting } from '../fixtures/settings.ts';
import { expect, test } from '../fixtures/test.ts';
import { banking } from './banking.ts';

const flag = 'MONO_TRANSACTIONS_ENABLED';

test('with the flag off a sync is deferred, with what to do about it', {
  tag: ['@mono', '@writes'],
}, async ({ as, flags }) => {
  await flags.hold(flag, false);
  const integrator = await as('SYSTEM_INTEGRATOR');
  const answer = await integrator.post(`${banking}/transactions/sync`, {
    data: { sync_config: { account_db_id: setting('SMOKE_ACCOUNT_DB_ID'), mode: 'full', page_limit: 1 } },
  });
  expect(answer.status()).toBe(200);
  expect((await answer.json()).data).toMatchObject({
    sync_started: false,
    feature_enabled: false,
    fetched_count: 0,
    persisted: 0,
    message: `Mono transactions disabled – set ${flag}=true to enable pipeline`,
  });
});
