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
