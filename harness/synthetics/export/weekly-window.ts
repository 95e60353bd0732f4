import { parseDuration } from '../../config/duration.ts';
import type { WindowConfig } from '../../config/windows.ts';

const days = {
  MO: 'Monday',
  TU: 'Tuesday',
  WE: 'Wednesday',
  TH: 'Thursday',
  FR: 'Friday',
  SA: 'Saturday',
  SU: 'Sunday',
} as const;

/** A window that comes every day, or on some days of every week: what most monitors can say. */
export interface WeeklyWindow {
  /** Names in English; none: every day. */
  days: string[];
  /** `hh:mm`, local time. */
  start: string;
  durationMs: number;
  zone: string;
}

/** Undefined for a window that is not weekly. */
export function weeklyWindow(window: WindowConfig): WeeklyWindow | undefined {
  const [, frequency, by] = /^FREQ=(DAILY|WEEKLY)(?:;BYDAY=([A-Z,]+))?$/.exec(window.rrule) ?? [];
  if (
    frequency === undefined ||
    (frequency === 'WEEKLY') !== (by !== undefined) ||
    window.dtstart !== undefined
  )
    return undefined;
  const names = (by?.split(',') ?? []).map((day) => days[day as keyof typeof days]);
  const durationMs = lengthOf(window);
  if (names.includes(undefined as never) || durationMs === undefined) return undefined;
  return { days: names, start: window.from, durationMs, zone: window.zone };
}

/** The window that this is in our words. */
export function windowOf({ days: names, start, durationMs, zone }: WeeklyWindow): WindowConfig {
  const by = Object.entries(days).flatMap(([day, name]) => (names.includes(name) ? [day] : []));
  const rrule = by.length === 0 ? 'FREQ=DAILY' : `FREQ=WEEKLY;BYDAY=${by.join(',')}`;
  return { kind: 'deny', rrule, from: start, duration: `${durationMs / 60_000}m`, zone };
}

function lengthOf({ from, until, duration }: WindowConfig): number | undefined {
  if (duration !== undefined) return parseDuration(duration);
  if (until === undefined) return undefined;
  const minutes = minuteOf(until) - minuteOf(from);
  return (minutes <= 0 ? minutes + 24 * 60 : minutes) * 60_000;
}

function minuteOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}
