import type { Environment } from '@marcbachmann/cel-js';
import { type WallClock, wallClock } from '../config/zone.ts';

const dayMs = 86_400_000;

const dayOf = ({ year, month, day }: WallClock) => Date.UTC(year, month - 1, day);

const readings: Readonly<Record<string, (at: WallClock) => number>> = {
  getFullYear: ({ year }) => year,
  getMonth: ({ month }) => month - 1,
  getDate: ({ day }) => day,
  getDayOfMonth: ({ day }) => day - 1,
  getDayOfWeek: (at) => new Date(dayOf(at)).getUTCDay(),
  getDayOfYear: (at) => (dayOf(at) - Date.UTC(at.year, 0, 1)) / dayMs,
  getHours: ({ hour }) => hour,
  getMinutes: ({ minute }) => minute,
  getSeconds: ({ second }) => second,
};

/**
 * Does this call read a calendar? The library reads that of a zone, and the day of the year, by way of the zone of this
 * machine: elsewhere the same facts would be judged differently.
 */
export function isCalendarCall(name: string, count: number): boolean {
  return Object.hasOwn(readings, name) && (count === 1 || (count === 0 && name === 'getDayOfYear'));
}

/** The calls under the names that `named` gives them. */
export function registerCalendar(environment: Environment, named: (name: string) => string): void {
  const timestamp = 'google.protobuf.Timestamp';
  for (const [name, read] of Object.entries(readings)) {
    const inZone = (at: unknown, zone: unknown) =>
      BigInt(read(wallClock((at as Date).getTime(), String(zone))));
    environment.registerFunction(`${timestamp}.${named(name)}(string): int`, inZone);
    if (name !== 'getDayOfYear') continue;
    environment.registerFunction(`${timestamp}.${named(name)}(): int`, (at: unknown) => inZone(at, 'UTC'));
  }
}
