import { expect, it, onTestFinished } from 'vitest';
import { HeldUp } from './held-up.ts';
import { type RunningPayoutSimulator, startPayoutSimulator } from './start.ts';

it('a process that stood still is told of, for as long as what came meanwhile may still be read', () => {
  const closing = new AbortController();
  onTestFinished(() => closing.abort());
  let now = 0;
  const heldUp = new HeldUp(closing.signal, () => now);
  for (const [at, isRecent] of [
    [400, false],
    [800, false],
    [1301, true],
    [1700, true],
    [1802, false],
  ] as const) {
    now = at;
    expect(heldUp.isRecent(), `at ${at}`).toBe(isRecent);
  }
});

const standStill = () => {
  const from = performance.now();
  while (performance.now() - from < 700);
};

async function pay({ urls }: RunningPayoutSimulator): Promise<Response | undefined> {
  const body = { externalRef: 'payout-1', msisdn: '+22890000003', amount: '10.00', currency: 'XOF' };
  return fetch(`${urls.TMONEY}/v1/disbursements`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => undefined);
}

it('takes no payment that it reads after it stood still', async () => {
  const simulator = await startPayoutSimulator({ settleMs: [1, 2] });
  onTestFinished(() => simulator.close());
  const sent = pay(simulator);
  standStill();
  expect(await sent).toBeUndefined();
  expect(simulator.control.book()).toEqual([]);
  await expect.poll(async () => (await pay(simulator))?.status).toBe(201);
});

it('takes the first payment, however slow it was to start', async () => {
  const starting = startPayoutSimulator({ settleMs: [1, 2] });
  standStill();
  const simulator = await starting;
  onTestFinished(() => simulator.close());
  expect((await pay(simulator))?.status).toBe(201);
});
