import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningSimulator } from '#pipeline/simulators/mono/start.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import {
  linkAccount,
  startService,
  startSimulator,
  type TestAccount,
  type TestService,
  testEnv,
} from '#pipeline/testing/service.ts';
import { signBody } from './signature.ts';

const path = '/api/v1/webhooks/mono/integrations/mono/webhook';
const secret = 'sec_test_mono';

let postgres: TestDatabase;
let simulator: RunningSimulator;
let service: TestService;
let account: TestAccount;

beforeAll(async () => {
  postgres = await startTestDatabase();
  simulator = await startSimulator();
}, 120_000);

afterAll(async () => {
  await simulator?.close();
  await postgres?.stop();
});

async function start(env: NodeJS.ProcessEnv = {}): Promise<void> {
  service = await startService({ ...testEnv(await postgres.fresh(), simulator), ...env });
  await service.app.started;
  account = await linkAccount(service, 'acc_sandbox_123');
}

afterEach(() => service?.close());

const news = (extra: object = {}) =>
  JSON.stringify({
    event: 'mono.events.account_updated',
    data: { account: { _id: 'acc_sandbox_123' }, meta: { data_status: 'AVAILABLE' } },
    ...extra,
  });

const post = (
  body: string,
  headers: Record<string, string> = { 'x-mono-signature': signBody(secret, body) },
) =>
  service.call('POST', path, {
    role: null,
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

const status = async (answer: Promise<{ body: { data?: { status?: string } } }>) =>
  (await answer).body.data?.status;

describe('M11: webhooks by HMAC SHA-512', () => {
  beforeEach(() => start());

  it('takes a signed event, and the sync that it asks for runs', async () => {
    const { status: code, body } = await post(news());
    expect(code).toBe(200);
    expect(body).toMatchObject({
      success: true,
      action: 'webhook_processed_successfully',
      data: {
        event_type: 'mono.events.account_updated',
        account_id: account.accountId,
        status: 'processed',
      },
    });
    const line = await service.logged(({ event }) => event === 'mono.pipeline.completed');
    expect(line.account_id).toBe(account.accountId);
  });

  it('is one trace from the request to the job that it asks for', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    await post(news(), { 'x-mono-signature': signBody(secret, news()), traceparent });
    const received = await service.logged(({ event }) => event === 'webhook.received');
    const completed = await service.logged(({ event }) => event === 'mono.pipeline.completed');
    expect([received.trace_id, completed.trace_id]).toEqual([traceId, traceId]);
    expect(received.span_id).toMatch(/^[0-9a-f]{16}$/);
    expect(completed.span_id).not.toBe(received.span_id);
  });

  it('checks the raw bytes: the same JSON spelled otherwise is another body', async () => {
    const signature = { 'x-mono-signature': signBody(secret, news()) };
    expect((await post(news(), signature)).status).toBe(200);
    expect((await post(JSON.stringify(JSON.parse(news()), null, 2), signature)).status).toBe(401);
  });

  it.each([
    ['no signature', {}],
    ['one of another secret', { 'x-mono-signature': signBody('another', news()) }],
    ['one that is no hex', { 'x-mono-signature': 'zz' }],
    ['the plain secret, which this mode does not take', { 'mono-webhook-secret': secret }],
    [
      'a timestamp out of reach',
      { 'x-mono-signature': signBody(secret, news()), 'x-mono-timestamp': '1000' },
    ],
  ])('refuses %s with 401, and queues nothing', async (_what, headers) => {
    const { status: code, body } = await post(news(), headers);
    expect([code, body.error.message]).toEqual([401, 'Invalid webhook signature']);
    const { rows } = await service.app.platform.db.query('SELECT FROM mono_webhook_events');
    expect(rows).toHaveLength(0);
    expect(await service.metrics()).toContain(
      'taxpoynt_mono_webhook_events_total{provider="mono",status="refused"} 1',
    );
  });

  it('drops a repetition by its event id, whatever else the body says', async () => {
    expect(await status(post(news({ event_id: 'evt_1' })))).toBe('processed');
    expect(await status(post(news({ event_id: 'evt_1', again: true })))).toBe('duplicate');
    expect(await status(post(news({ event_id: 'evt_2' })))).toBe('processed');
  });

  it('drops a repetition without an id by its hash, for a few minutes', async () => {
    expect(await status(post(news()))).toBe('processed');
    expect(await status(post(news()))).toBe('duplicate');
    await service.app.platform.db.query("UPDATE mono_webhook_events SET expires_at = now() - interval '1 s'");
    expect(await status(post(news()))).toBe('processed');
  });

  it('takes two at the same moment for one', async () => {
    const body = news({ event_id: 'evt_same' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => status(post(body))));
    expect(answers.filter((answer) => answer === 'processed')).toHaveLength(1);
  });

  it('ignores what is unknown, too old, or about an account that is not here', async () => {
    expect(await status(post(news({ event: 'mono.events.something_new' })))).toBe('ignored');
    expect(await status(post(news({ timestamp: '2020-01-01T00:00:00Z' })))).toBe('ignored');
    expect(await status(post(news({ data: { account: { _id: 'acc_elsewhere' } } })))).toBe('ignored');
  });

  it('logs no number that somebody puts into the name of an event', async () => {
    const body = JSON.stringify({ event: 'about 0123456789' });
    expect((await post(body)).body.data.event_type).toBe('about ******6789');
    const line = await service.logged(({ event }) => event === 'webhook.received');
    expect(JSON.stringify(line)).not.toContain('0123456789');
  });

  it('refuses a signed body that is no JSON object with 400', async () => {
    for (const body of ['{"event":', '[]', 'null', '{}']) expect((await post(body)).status).toBe(400);
  });

  it('no longer syncs an account that was unlinked', async () => {
    const body = news({
      event: 'mono.events.account_unlinked',
      data: { account: { id: 'acc_sandbox_123' } },
    });
    expect(await status(post(body))).toBe('processed');
    await post(news());
    const depth = await service.app.queue.stats();
    expect(depth.filter(({ queue }) => queue === 'mono-sync').every((row) => row.depth === 0)).toBe(true);
  });

  it('answers its health test', async () => {
    expect((await service.call('GET', `${path}/test`, { role: null })).body.status).toBe('healthy');
  });
});

describe('M11: other modes', () => {
  it('takes the plain secret that Mono sends, in mode shared-secret, and then no signature', async () => {
    await start({ MONO_WEBHOOK_MODE: 'shared-secret' });
    expect((await post(news(), { 'mono-webhook-secret': secret })).status).toBe(200);
    expect((await post(news(), { 'mono-webhook-secret': `${secret}x` })).status).toBe(401);
    expect((await post(news())).status).toBe(401);
  });

  it('takes either in mode either, and the previous secret during a rotation', async () => {
    await start({
      MONO_WEBHOOK_MODE: 'either',
      MONO_WEBHOOK_SECRET: 'the-new-one',
      MONO_WEBHOOK_SECRET_PREVIOUS: secret,
    });
    expect((await post(news(), { 'mono-webhook-secret': 'the-new-one' })).status).toBe(200);
    expect((await post(news())).status).toBe(200);
    const signed = { 'mono-webhook-signature': `sha512=${signBody('the-new-one', news()).toUpperCase()}` };
    expect((await post(news(), signed)).status).toBe(200);
    expect((await post(news(), { 'x-mono-signature': signBody('older', news()) })).status).toBe(401);
  });

  it('with verification off takes anything, and says so loudly at the start', async () => {
    await start({ MONO_VERIFY_WEBHOOKS: 'false' });
    expect(service.lines).toContainEqual(
      expect.objectContaining({ event: 'webhook.verification_off', level: 'warn' }),
    );
    expect((await post(news(), {})).status).toBe(200);
  });

  it('fails closed when it should verify and has no secret', async () => {
    await start({ MONO_WEBHOOK_SECRET: '', MONO_TRANSACTIONS_ENABLED: 'false' });
    expect((await post(news(), { 'x-mono-signature': 'ab' })).status).toBe(401);
  });
});
