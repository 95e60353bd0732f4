import { formatDuration, parseDuration } from '../../../config/duration.ts';
import { phaseOf } from '../../phase.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export interface Schedule {
  cron: string;
  /** Where cron can't come as often, or as seldom, as the check says: how often it comes. */
  became?: string;
}

/**
 * The interval in cron, in UTC. It comes at the minute at which the check is due everywhere else, so that not
 * all start at once. What does not divide an hour or a day becomes the next that does, and comes more often.
 */
export function scheduleOf(name: string, interval: string): Schedule {
  const saidMs = parseDuration(interval);
  const everyMs = possible(saidMs);
  const phase = Math.floor(phaseOf(name, everyMs) / minuteMs);
  const cron = cronOf(everyMs, phase);
  return everyMs === saidMs ? { cron } : { cron, became: formatDuration(everyMs) };
}

function possible(ms: number): number {
  if (ms >= dayMs) return dayMs;
  const [unit, most] = ms >= hourMs ? [hourMs, 24] : [minuteMs, 60];
  for (let count = Math.floor(ms / unit); count > 1; count -= 1) if (most % count === 0) return count * unit;
  return unit;
}

/** `phase`: minutes into the interval. */
function cronOf(everyMs: number, phase: number): string {
  const minutes = everyMs / minuteMs;
  if (minutes < 60) return `${stepped(phase, minutes, 59)} * * * *`;
  const [hour, minute] = [Math.floor(phase / 60), phase % 60];
  return `${minute} ${everyMs === dayMs ? hour : stepped(hour, minutes / 60, 23)} * * *`;
}

function stepped(first: number, step: number, last: number): string {
  if (step === 1) return '*';
  return first === 0 ? `*/${step}` : `${first}-${last}/${step}`;
}
