import { expectNoPersonalData, expectNoSecrets } from '../fixtures/expect-private.ts';
import { expect, test } from '../fixtures/test.ts';

test.describe('the service says how it is', { tag: ['@mono', '@readonly'] }, () => {
  test('GET /health gives a status and a version', async ({ request }) => {
    const answer = await request.get('/health');
    expect(answer.status()).toBe(200);
    expect(await answer.json()).toEqual({ status: 'ok', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });

  test('GET /readyz is ready, with database, migrations and queue', async ({ request }) => {
    const answer = await request.get('/readyz');
    expect(await answer.json()).toMatchObject({
      ready: true,
      db_ok: true,
      migrations_ok: true,
      queue_ok: true,
      draining: false,
    });
    expect(answer.status()).toBe(200);
  });

  test('GET /metrics shows neither secrets nor personal data', async ({ request }) => {
    const answer = await request.get('/metrics');
    expect(answer.status()).toBe(200);
    expect(await answer.text()).toContain('# TYPE ');
    await expectNoSecrets(answer);
    await expectNoPersonalData(answer);
  });
});
