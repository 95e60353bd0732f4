import { formatDuration } from '../../../config/duration.ts';
import type { Check } from '../../definition.ts';
import type { Exportable, Loss } from '../define.ts';
import { goDuration } from '../durations.ts';
import { weeklyWindow } from '../weekly-window.ts';

const dayMs = 86_400_000;

/** The windows of one endpoint. */
export function windowsFor(check: Check, { maintenance = {} }: Exportable, losses: Loss[]): object[] {
  return check.maintenance.flatMap((name, index) => {
    const window = maintenance[name];
    const weekly = window && weeklyWindow(window);
    if (!weekly || weekly.durationMs > dayMs) {
      losses.push({
        check: check.name,
        field: `maintenance.${index}`,
        said: window ? `${name}: ${window.rrule}` : name,
        why: 'Gatus knows windows of up to a day, each day or on days of the week',
      });
      return [];
    }
    return [
      {
        start: weekly.start,
        duration: goDuration(formatDuration(weekly.durationMs)),
        timezone: weekly.zone,
        ...(weekly.days.length > 0 ? { every: weekly.days } : {}),
      },
    ];
  });
}
