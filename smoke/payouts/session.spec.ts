import { expect, test } from '../fixtures/test.ts';
import { balanceOf, register, untilNotBusy } from './people.ts';

test('somebody new logs in and has an empty wallet; nobody does so with another password', {
  tag: ['@payouts', '@writes'],
}, async ({ open }) => {
  const person = await register(open);
  expect(await balanceOf(person), 'a new wallet').toBe(0);
  const data = { email: person.email, password: `${person.password}x` };
  const anybody = await open();
  const refused = await untilNotBusy(() => anybody.post('/v1/auth/login', { data }));
  expect(refused.status(), 'a login with another password').toBe(401);
  expect(await refused.json()).toEqual({ detail: 'INVALID_CREDENTIALS' });
});
