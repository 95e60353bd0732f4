import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { limitCallers } from './caller-limit.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('N7: an address that was refused is refused without asking until it may have a turn, and others are not', async () => {
  let wait = 2500;
  const ask = vi.fn(async (key: string) => (key.endsWith('10.0.0.1') ? wait : 0));
  const limit = limitCallers({ name: 'postgresql', ask, close() {} }, 'logins', 120);
  const come = (ip: string) =>
    limit({ ip }).then(
      () => 'taken',
      ({ code, retryAfterSeconds }) => `${code} ${retryAfterSeconds}`,
    );
  expect(await come('10.0.0.1')).toBe('RATE_LIMITED 3');
  vi.advanceTimersByTime(2000);
  expect(await Promise.all(['10.0.0.1', '10.0.0.1', '10.0.0.2'].map(come))).toEqual([
    'RATE_LIMITED 1',
    'RATE_LIMITED 1',
    'taken',
  ]);
  expect(ask.mock.calls.map(([key]) => key)).toEqual(['logins:10.0.0.1', 'logins:10.0.0.2']);
  vi.advanceTimersByTime(500);
  wait = 0;
  expect(await come('10.0.0.1')).toBe('taken');
  expect(ask).toHaveBeenCalledTimes(3);
});

it.each([
  ['2001:db8:0:1::1', 'logins:2001:db8:0:1::/64'],
  ['2001:0DB8:0000:0001:ffff:ffff:ffff:ffff', 'logins:2001:db8:0:1::/64'],
  ['2001:db8::1', 'logins:2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'logins:fe80:0:0:0::/64'],
  ['::1', 'logins:0:0:0:0::/64'],
  ['::', 'logins:0:0:0:0::/64'],
  ['1::', 'logins:1:0:0:0::/64'],
  ['::ffff:10.0.0.1', 'logins:10.0.0.1'],
  ['10.0.0.1', 'logins:10.0.0.1'],
])('N7: %s is counted as %s: one caller has a whole network of IPv6', async (ip, key) => {
  const ask = vi.fn(async () => 0);
  await limitCallers({ name: 'postgresql', ask, close() {} }, 'logins', 120)({ ip });
  expect(ask).toHaveBeenCalledWith(key, 120);
});
