import { expect, test } from '../fixtures/test.ts';

test.describe('payouts tell how they are', { tag: ['@payouts', '@readonly'] }, () => {
  test('GET /healthz and /readyz name version, database and migrations', async ({ request }) => {
    const health = await request.get('/healthz');
    expect(health.status()).toBe(200);
    expect(await health.json()).toMatchObject({ ok: true, db_ok: true, db_error: null });
    const ready = await request.get('/readyz');
    expect(await ready.json()).toMatchObject({ ready: true, migrations_ok: true });
    expect((await ready.json()).migration_revision, 'the newest migration').toMatch(/^\d{4}_/);
    expect(ready.status()).toBe(200);
  });

  test('GET /metrics has the four counters of payouts, zero or not', async ({ request }) => {
    const text = await (await request.get('/metrics')).text();
    const counters = ['http_requests_total', 'payout_attempts_total', 'webhook_events_total'];
    const missing = [...counters, 'idempotency_replays_total'].filter((name) => !text.includes(`\n${name}{`));
    expect(missing.join(), 'counters that are missing').toBe('');
  });
});
