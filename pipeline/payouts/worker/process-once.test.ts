import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningPayoutSimulator, startPayoutSimulator } from '#pipeline/simulators/payouts/start.ts';
import { providerEnv } from '#pipeline/testing/payout-providers.ts';
import { adminPath, startPayouts, type TestPayouts, type TestPerson } from '#pipeline/testing/payouts.ts';
import { payoutsSecret } from '#pipeline/testing/service.ts';

let simulator: RunningPayoutSimulator;
let payouts: TestPayouts;
let user: TestPerson;
let admin: TestPerson;

beforeAll(async () => {
  simulator = await startPayoutSimulator({ settleMs: [1, 2] });
  payouts = await startPayouts(providerEnv(simulator));
  user = await payouts.person({ cents: 100_000 });
  admin = await payouts.person({ role: 'ADMIN' });
}, 120_000);
afterAll(async () => {
  await payouts?.stop();
  await simulator?.close();
});

const processOnce = () => admin.call('POST', `${adminPath}/process-once`);
const statusOf = async (id: string) => (await user.call('GET', `/v1/payouts/${id}`)).body.status;

async function order(provider: string): Promise<string> {
  const { status, body } = await user.cashOut(100, undefined, { provider });
  expect(status).toBe(200);
  return body.transaction_id;
}

async function turn(flag: string, value: boolean | null): Promise<void> {
  const as = { role: 'ADMIN', sub: admin.userId, secret: payoutsSecret } as const;
  const body = { flag, value, reason: 'test' };
  const { status } = await payouts.service.call('PUT', '/api/v1/admin/flags', { ...as, body });
  expect(status).toBe(200);
}

it('N8: an administrator processes what is due, but for a provider that is paused, until it is resumed', async () => {
  const [paused, other] = [await order('MOMO'), await order('TMONEY')];
  await turn('PAYOUTS_MOMO_PAUSED', true);
  expect(await processOnce()).toMatchObject({ status: 200, body: { processed: 1 } });
  expect([await statusOf(paused), await statusOf(other)]).toEqual(['PENDING', 'SENT']);
  await turn('PAYOUTS_MOMO_PAUSED', null);
  expect((await processOnce()).body).toEqual({ processed: 1 });
  expect(await statusOf(paused)).toBe('SENT');
  expect((await processOnce()).body).toEqual({ processed: 0 });
});

it('a provider that is turned off gives the money back, and a retry goes on once it is on again', async () => {
  await turn('PAYOUTS_THUNES_ENABLED', false);
  const id = await order('THUNES');
  await processOnce();
  expect(await statusOf(id)).toBe('FAILED');
  await turn('PAYOUTS_THUNES_ENABLED', null);
  expect(await admin.call('POST', `${adminPath}/${id}/retry`)).toMatchObject({ status: 200 });
  await processOnce();
  expect(await statusOf(id)).toBe('SENT');
});

it('takes no more than can wait for a connection beside requests: what was sent is written down', async () => {
  const small = { DB_POOL_MAX: '2', DB_POOL_MAX_WAITING: '8', DB_ACQUIRE_TIMEOUT_MS: '200' };
  const crowded = await startPayouts({ ...providerEnv(simulator), ...small });
  try {
    const [by, payer] = [await crowded.person({ role: 'ADMIN' }), await crowded.person({ cents: 100_000 })];
    for (let made = 0; made < 20; made += 1) await payer.cashOut(1);
    const taken: number[] = [];
    do {
      const { body } = await by.call('POST', `${adminPath}/process-once`);
      taken.push(body.processed);
    } while (taken.at(-1) !== 0);
    expect(Math.max(...taken)).toBeLessThan(8);
    expect(crowded.service.lines.filter(({ event }) => event === 'payouts.step_failed')).toEqual([]);
    const open = `SELECT FROM app.mobile_money_payouts WHERE status <> 'SENT'`;
    expect((await crowded.db.query(open)).rowCount).toBe(0);
  } finally {
    await crowded.stop();
  }
}, 60_000);

it('leaves an audit row, as all that administrators do', async () => {
  await processOnce();
  const { rows } = await payouts.db.query(
    'SELECT actor, action, target FROM app.audit_log ORDER BY id DESC LIMIT 1',
  );
  expect(rows).toEqual([{ actor: admin.userId, action: 'payouts.process-once', target: 'payouts' }]);
});

it('is for administrators', async () => {
  const refused = await user.call('POST', `${adminPath}/process-once`);
  expect([refused.status, refused.body]).toEqual([403, { detail: 'ADMIN_REQUIRED' }]);
});

it('each attempt is counted, and what is open can be seen', async () => {
  const metrics = await payouts.service.metrics();
  expect(metrics).toContain('payout_attempts_total{provider="TMONEY",result="SENT"} 1');
  expect(metrics).toContain('payout_attempts_total{provider="FLOOZ",result="FAILED"} 0');
  expect(metrics).toContain('payout_open{provider="MOMO",status="SENT"} 1');
});
