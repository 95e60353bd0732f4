import { expect, it } from 'vitest';
import { ServiceError } from './errors.ts';
import { createLogin } from './login.ts';

it('guessing is stopped for five minutes, and the refusal says how much of them is left', async () => {
  let now = 0;
  const refusal = () => new ServiceError('INVALID_CREDENTIALS', 'wrong');
  const login = createLogin<string>({ find: async () => undefined, refusal, now: () => now });
  const attempt = () => login('Somebody@example.org', 'guess').catch((error: ServiceError) => error);
  for (let count = 0; count < 10; count += 1) {
    expect(await attempt()).toMatchObject({ code: 'INVALID_CREDENTIALS' });
  }
  now = 60_500;
  expect(await attempt()).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryAfterSeconds: 240 });
  now = 300_000;
  expect(await attempt()).toMatchObject({ code: 'INVALID_CREDENTIALS' });
}, 60_000);
