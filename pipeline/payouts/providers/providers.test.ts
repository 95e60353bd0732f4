import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FaultKind } from '#pipeline/simulators/payouts/faults.ts';
import { type RunningPayoutSimulator, startPayoutSimulator } from '#pipeline/simulators/payouts/start.ts';
import { simulatedProviders } from '#pipeline/testing/payout-providers.ts';
import { providers as names, type Provider } from '../payouts.ts';
import { createFlooz } from './flooz.ts';
import { createMomo, referenceId } from './momo.ts';
import type { PayoutProvider } from './provider.ts';
import { createThunes } from './thunes.ts';
import { createTmoney } from './tmoney.ts';
import { decimalOf, word } from './wire.ts';

let simulator: RunningPayoutSimulator;
let byName: Map<Provider, PayoutProvider>;

beforeAll(async () => {
  simulator = await startPayoutSimulator({ settleMs: [1, 5] });
  byName = new Map(simulatedProviders(simulator).map((provider) => [provider.name, provider]));
});
afterEach(async () => {
  simulator.control.clearFaults();
  for (const name of names) simulator.control.setMode(name, { mode: 'up' });
});
afterAll(() => simulator.close());

const signal = () => AbortSignal.timeout(5000);
const newOrder = (amountCents = 10_050n) => ({
  reference: `payout-${randomUUID()}`,
  phone: '+22890000003',
  amountCents,
  currency: 'XOF',
});
const taken = (reference: string) =>
  simulator.control
    .book()
    .filter(({ externalRef, state }) => externalRef === reference && state !== 'CREATED');

function providerOf(name: Provider): PayoutProvider {
  const provider = byName.get(name);
  if (!provider) throw new Error(`no provider ${name}`);
  return provider;
}

async function standingOf(submitted: ReturnType<PayoutProvider['submit']>) {
  const submission = await submitted;
  if ('refused' in submission) throw new Error(`it was refused: ${submission.refused}`);
  return submission.taken;
}

describe.each(names)('%s', (name) => {
  it('takes a payment, which is found by either reference until it is decided and after', async () => {
    const provider = providerOf(name);
    const order = newOrder();
    const { providerRef, state } = await standingOf(provider.submit(order, signal()));
    expect(state).toBe('SENT');
    await simulator.control.idle();
    const after = await provider.statusOf(providerRef, signal());
    expect(after).toMatchObject({ providerRef, state: 'CONFIRMED', reason: null });
    expect(await provider.find(order.reference, signal())).toEqual(after);
    expect(taken(order.reference)).toMatchObject([
      { provider: name, providerRef, state: 'PAID', amount_cents: '10050', phone: '22890000003' },
    ]);
  });

  it('says that it knows nothing under a reference that it never took', async () => {
    const provider = providerOf(name);
    expect(await provider.find(newOrder().reference, signal())).toBeUndefined();
    expect(await provider.statusOf(referenceId('nothing'), signal())).toBeUndefined();
  });

  it('declines a payment with its reason', async () => {
    simulator.control.addFault({ kind: 'decline', provider: name, calls: 1, reason: 'LIMIT_REACHED' });
    const provider = providerOf(name);
    const { providerRef } = await standingOf(provider.submit(newOrder(), signal()));
    await simulator.control.idle();
    const after = await provider.statusOf(providerRef, signal());
    expect(after).toMatchObject({ state: 'FAILED', reason: expect.stringContaining('LIMIT_REACHED') });
  });

  it('refuses a payment, and has taken none', async () => {
    simulator.control.addFault({ kind: 'refuse', provider: name, occasion: 'submit', calls: 1 });
    const order = newOrder();
    const submitted = providerOf(name).submit(order, signal());
    if (name === 'THUNES') await expect(submitted).rejects.toMatchObject({ code: 'HTTP_400' });
    else expect(await submitted).toEqual({ refused: 'PAYEE_NOT_FOUND' });
    expect(taken(order.reference)).toEqual([]);
  });

  const unclear: [FaultKind, string, number][] = [
    ['drop', 'NETWORK', 0],
    ['server_error', 'HTTP_503', 0],
    ['rate_limit', 'HTTP_429', 0],
    ['auth_failure', 'HTTP_401', 0],
    ['html_error', 'HTTP_404', 0],
    ['malformed_json', 'NOT_JSON', 0],
    ['cut', 'NETWORK', 1],
    ['late', 'NETWORK', 1],
    ['error_after', 'HTTP_500', 1],
  ];
  it.each(unclear)('after %s it is not known what became of the payment', async (kind, code, payments) => {
    simulator.control.addFault({ kind, provider: name, occasion: 'submit', calls: 1, ms: 1 });
    const order = newOrder();
    await expect(providerOf(name).submit(order, signal())).rejects.toMatchObject({ code });
    await simulator.control.idle();
    expect(taken(order.reference)).toHaveLength(payments);
    expect(await providerOf(name).find(order.reference, signal())).toEqual(
      payments === 0 ? undefined : expect.objectContaining({ state: 'CONFIRMED' }),
    );
  });

  it.each(['html_error', 'server_error', 'malformed_json', 'drop'] as const)(
    'asked for a reference, %s is no word that there is nothing',
    async (kind) => {
      const occasion = name === 'MOMO' ? 'status' : 'find';
      simulator.control.addFault({ kind, provider: name, occasion, calls: 1 });
      await expect(providerOf(name).find(newOrder().reference, signal())).rejects.toMatchObject({
        name: 'ProviderError',
      });
    },
  );

  it('the same reference twice is paid once, but by Flooz', async () => {
    const provider = providerOf(name);
    const order = newOrder();
    const first = await standingOf(provider.submit(order, signal()));
    const second = await standingOf(provider.submit(order, signal()));
    expect(taken(order.reference)).toHaveLength(name === 'FLOOZ' ? 2 : 1);
    if (name === 'FLOOZ') {
      await expect(provider.find(order.reference, signal())).rejects.toMatchObject({ code: 'SEVERAL' });
    } else expect(second.providerRef).toBe(first.providerRef);
  });

  it('is given up when the time is over, and when nobody is there', async () => {
    simulator.control.setMode(name, { mode: 'slow', ms: 60_000 });
    const late = providerOf(name).submit(newOrder(), AbortSignal.timeout(20));
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
    simulator.control.setMode(name, { mode: 'dead' });
    await expect(providerOf(name).find('payout-1', signal())).rejects.toMatchObject({ code: 'NETWORK' });
  });
});

it('Thunes goes on with a transaction that was made and not confirmed', async () => {
  simulator.control.addFault({ kind: 'drop', provider: 'THUNES', occasion: 'submit', calls: 1 });
  const thunes = providerOf('THUNES');
  const order = newOrder();
  await expect(thunes.submit(order, signal())).rejects.toMatchObject({ code: 'NETWORK' });
  expect(await thunes.find(order.reference, signal())).toBeUndefined();
  expect((await standingOf(thunes.submit(order, signal()))).state).toBe('SENT');
  expect(simulator.control.book().filter(({ externalRef }) => externalRef === order.reference)).toHaveLength(
    1,
  );
});

/** Whatever it is asked, until the test has ended. */
async function listen(
  answer: (request: IncomingMessage) => { status: number; body: object },
): Promise<string> {
  const server = createServer((request, response) => {
    const { status, body } = answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('MoMo asks for another token when the one that it has was taken back', async () => {
  let valid = 'first';
  const baseUrl = await listen(({ url, headers }) => {
    if (url?.endsWith('/token/')) return { status: 200, body: { access_token: valid, expires_in: 3600 } };
    const isKnown = headers.authorization === `Bearer ${valid}`;
    return isKnown
      ? { status: 404, body: { code: 'RESOURCE_NOT_FOUND' } }
      : { status: 401, body: { code: 'UNAUTHORIZED' } };
  });
  const settings = { apiUser: 'u', apiKey: 'k', subscriptionKey: 's', targetEnvironment: 't' };
  const momo = createMomo({ baseUrl, ...settings });
  expect(await momo.find('payout-1', signal())).toBeUndefined();
  valid = 'second';
  await expect(momo.find('payout-1', signal())).rejects.toMatchObject({ code: 'HTTP_401' });
  expect(await momo.find('payout-1', signal())).toBeUndefined();
});

it('one that answers with the payment of another has said nothing of ours', async () => {
  const other = {
    transactionId: '7',
    externalRef: 'other',
    client_ref: 'other',
    status: 'SUCCESS',
    state: 'SUCCESSFUL',
  };
  const body = { items: [other], transfers: [other], id: 7, external_id: 'other', status: '70000' };
  const baseUrl = await listen(() => ({ status: 200, body }));
  for (const provider of [
    createTmoney({ baseUrl, apiKey: 'k' }),
    createFlooz({ baseUrl, user: 'u', password: 'p' }),
    createThunes({ baseUrl, apiKey: 'k', apiSecret: 's', payerId: '1' }),
  ]) {
    await expect(provider.find('ours', signal()), provider.name).rejects.toMatchObject({ code: 'SHAPE' });
    expect(await provider.find('other', signal()), provider.name).toMatchObject({ providerRef: '7' });
  }
});

it.each([
  [7, '7'],
  ['7', '7'],
  [2 ** 53, undefined],
  [1.5, undefined],
  ['a b', undefined],
])('%s as a reference of a provider is %s: none that was rounded on its way', (given, expected) => {
  expect(word(given)).toBe(expected);
});

it('MoMo without a token submits nothing, and says nothing of its credentials', async () => {
  simulator.control.addFault({ kind: 'auth_failure', provider: 'MOMO', occasion: 'token', calls: 1 });
  const settings = {
    apiUser: 'somebody',
    apiKey: 'a-secret-key',
    subscriptionKey: 's',
    targetEnvironment: 't',
  };
  const momo = createMomo({ baseUrl: simulator.urls.MOMO, ...settings });
  const error = await momo.submit(newOrder(), signal()).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'TOKEN_401' });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/secret|somebody|22890/);
});

it.each([
  [12_345n, '123.45'],
  [100n, '1'],
  [5n, '0.05'],
  [900_719_925_474_099_100n, '9007199254740991'],
])('%s hundredths are written %s', (cents, text) => {
  expect(decimalOf(cents)).toBe(text);
});
