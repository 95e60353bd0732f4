import { randomUUID } from 'node:crypto';
import { expect, test } from '../fixtures/test.ts';

const keysOf = (value: object) => Object.keys(value).sort().join(' ');

test('test_error_envelope_404_keys_stable', { tag: ['@economy', '@readonly'] }, async ({ as, request }) => {
  const admin = await as('ADMIN');
  const word = randomUUID();
  const answers = {
    'no such path': await request.get(`/api/${word}`),
    'no such page': await request.get(`/${word}/deep/down`),
    'no such wallet': await admin.get(`/api/admin/wallets/${randomUUID()}/`),
  };
  for (const [what, answer] of Object.entries(answers)) {
    expect(answer.status(), what).toBe(404);
    expect(answer.headers()['content-type'], what).toContain('application/json');
    const body = await answer.json();
    expect(keysOf(body), what).toBe('error status success timestamp');
    expect(keysOf(body.error), what).toBe('code message');
    expect(body, what).toMatchObject({ success: false, status: 404, error: { code: 'NOT_FOUND' } });
    expect(JSON.stringify(body), 'what was asked does not come back').not.toContain(word);
  }
});
