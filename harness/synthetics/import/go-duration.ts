import { formatDuration } from '../../config/duration.ts';

const unitsMs = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** `1.5h` as Go writes it, or `1w` as Prometheus does, in our words; undefined for what is no duration. */
export function fromGo(said: unknown): { text: string; exact: boolean } | undefined {
  const text = typeof said === 'number' && said === 0 ? '0s' : said;
  if (typeof text !== 'string' || !/^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d|w|y))+$/.test(text))
    return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/([0-9.]+)(ns|us|µs|ms|s|m|h|d|w|y)/g)) {
    total += Number(count) * unitsMs[unit as keyof typeof unitsMs];
  }
  return { text: formatDuration(total), exact: Number.isInteger(total) };
}
