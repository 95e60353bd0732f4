import { formatDuration, parseDuration } from '../../config/duration.ts';

/** As programs in Go read it: they know no days. */
export function goDuration(text: string): string {
  const hours = Math.floor(parseDuration(text) / 3_600_000);
  const rest = parseDuration(text) - hours * 3_600_000;
  if (hours === 0) return formatDuration(rest);
  return rest === 0 ? `${hours}h` : `${hours}h${formatDuration(rest)}`;
}
