import { expect, test } from '../fixtures/test.ts';

test('test_health_has_version_key_and_status_ok', { tag: ['@economy', '@readonly'] }, async ({ request }) => {
  const answer = await request.get('/health');
  expect(answer.status()).toBe(200);
  expect(answer.headers()['content-type']).toContain('application/json');
  const health = await answer.json();
  expect(Object.keys(health).sort().join(' '), 'the keys of /health').toBe('status version');
  expect(health.status).toBe('ok');
  expect(health.version, 'a semantic version').toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
});
