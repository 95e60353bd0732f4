import { CountersignError } from '../errors.ts';

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const largestUnitFirst = ['d', 'h', 'm', 's', 'ms'] as const;

/** `1h30m` to milliseconds. Throws CONFIG_INVALID for anything else, `0s` included only where zero makes sense to the caller. */
export function parseDuration(text: string): number {
  if (!/^([0-9]{1,9}(ms|s|m|h|d))+$/.test(text)) {
    throw new CountersignError('CONFIG_INVALID', `\`${text}\` is not a duration`, {
      hint: 'durations look like 500ms, 30s, 15m, 2h, 1d or 1h30m',
    });
  }
  let total = 0;
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ms|s|m|h|d)/g)) {
    total += Number(count) * units[unit as keyof typeof units];
  }
  return total;
}

/** The longest that a timer can wait; one that is asked for more fires at once. */
const longestTimer = 2_147_483_647;

/** What to give to a timer for a duration of any length: 24.8 days at most. */
export function timerMs(milliseconds: number): number {
  return Math.min(milliseconds, longestTimer);
}

/** Milliseconds to the shortest exact text: 5_400_000 is `1h30m`. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.round(milliseconds);
  let text = '';
  for (const unit of largestUnitFirst) {
    const count = Math.floor(rest / units[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * units[unit];
  }
  return text || '0s';
}
