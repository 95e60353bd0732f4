import { wallClock } from '../../config/zone.ts';
import { html, type Markup } from './markup.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A moment on the clocks of the environment's people, and in UTC. */
export function timeOf(instant: string, zone: string): Markup {
  const local = clockReading(new Date(instant), zone);
  const utc = clockReading(new Date(instant), 'UTC');
  const day = local.day === utc.day ? '' : `${utc.day}, `;
  const both = zone === 'UTC' ? html`` : html` <span class="utc">(${day}${utc.time} UTC)</span>`;
  return html`<time datetime="${instant}">${local.day}, ${local.time} ${zone}${both}</time>`;
}

/** Numbers only: names of months and zones differ between versions of the Unicode data, and pages are compared. */
function clockReading(at: Date, zone: string): { day: string; time: string } {
  const { year, month, day, hour, minute, second } = wallClock(at.getTime(), zone);
  const two = (part: number) => String(part).padStart(2, '0');
  return {
    day: `${day} ${months[month - 1]} ${year}`,
    time: `${two(hour)}:${two(minute)}:${two(second)}`,
  };
}

/** For reading, not for reckoning: two figures are enough. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = Math.floor((milliseconds % 60_000) / 1_000);
  if (minutes < 60) return `${minutes} min ${seconds} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
