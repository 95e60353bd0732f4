import { setting } from '../fixtures/settings.ts';
import { expect, test } from '../fixtures/test.ts';
import { banking } from './banking.ts';

const flag = 'MONO_TRANSACTIONS_ENABLED';
const flags = '/api/v1/admin/flags';

interface FlagState {
  flag: string;
  overrides: { instance: string; value: boolean }[];
}

test('with the flag off a sync is deferred, with what to do about it', {
  tag: ['@mono', '@writes'],
}, async ({ as, cleanUp }) => {
  const admin = await as('ADMIN');
  const listed = (await (await admin.get(flags)).json()).data.flags as FlagState[];
  const before = listed
    .find((each) => each.flag === flag)
    ?.overrides.find(({ instance }) => instance === '*');
  const turn = async (value: boolean | null, reason: string) => {
    const answer = await admin.put(flags, { data: { flag, value, reason } });
    expect(answer.status(), `${flag} = ${value}`).toBe(200);
  };
  cleanUp.add(`${flag} as it was`, () => turn(before?.value ?? null, 'end of a smoke test'));
  await turn(false, 'smoke test of the deferred answer');

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
