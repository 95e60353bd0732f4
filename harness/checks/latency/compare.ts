import { isShape } from '../../config/validate.ts';
import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { isObject } from '../json.ts';
import { mostWindows, type Window } from './series.ts';

export const ComparisonSchema = Type.Object({
  percentile: Type.String({ description: '`p50`, `p95` or `p99`' }),
  before_ms: Type.Number({ description: 'mean over the windows of the earlier run' }),
  now_ms: Type.Number({ description: 'mean over the windows of this run' }),
  ratio: Type.Number({ description: 'now over before: above 1 is slower' }),
  low: Type.Number({ description: 'lower end of the 95 % interval of the ratio' }),
  high: Type.Number({ description: 'upper end' }),
});

export type Comparison = Static<typeof ComparisonSchema>;

/** What of the facts of a run is needed to compare another one with it. */
const Earlier = Type.Object({
  script: Type.String(),
  script_sha256: Type.String(),
  load: Type.String(),
  window_ms: Type.Integer({ minimum: 1 }),
  windows: Type.Array(
    Type.Object({
      p50_ms: Type.Number({ exclusiveMinimum: 0 }),
      p95_ms: Type.Number({ exclusiveMinimum: 0 }),
      p99_ms: Type.Number({ exclusiveMinimum: 0 }),
    }),
    // One more: a load may begin in the middle of one.
    { maxItems: mostWindows + 1 },
  ),
});

const ReportItem = Type.Object({
  id: Type.String(),
  check: Type.Optional(Type.String()),
  attempts: Type.Array(Type.Object({ facts: Type.Optional(Type.Record(Type.String(), Type.Unknown())) })),
});
const Report = Type.Object({ predicate: Type.Object({ items: Type.Array(ReportItem) }) });

export interface Comparable extends Omit<Static<typeof Earlier>, 'windows'> {
  windows: readonly Pick<Window, 'p50_ms' | 'p95_ms' | 'p99_ms'>[];
}

/** What is known of a run before it begins. */
export type Planned = Omit<Comparable, 'windows'>;

/** With fewer, the interval would be narrower than the noise is. */
const fewestWindows = 5;
const resamples = 2_000;

/**
 * Facts of an earlier run: as `countersign latency run` keeps them, or, in the report of a gate, those of the item
 * with this id, else of the only one with this script.
 */
export function readEarlier(
  text: string,
  file: string,
  wanted: { item: string; script: string },
): Comparable {
  const refuse = (why: string) =>
    new CountersignError('CONFIG_INVALID', `\`${file}\` holds no facts of a latency run: ${why}`, {
      hint: '`countersign latency run` keeps them in its folder, a gate in its report.json',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('it is not JSON');
  }
  if (isShape(Report, value)) {
    const items = value.predicate.items.filter(({ check }) => check === 'latency');
    const own = items.filter(({ id }) => id === wanted.item);
    const found = own.length > 0 ? own : items.filter((item) => factsOf(item)?.['script'] === wanted.script);
    if (found.length !== 1) throw refuse(`${found.length} items of its gate measured \`${wanted.script}\``);
    value = found[0] && factsOf(found[0]);
    if (value === undefined) throw refuse(`its item \`${wanted.item}\` measured nothing`);
  }
  if (!isObject(value) || !isShape(Earlier, value))
    throw refuse('`load`, `windows` or others are missing or odd');
  return value;
}

function factsOf({ attempts }: Static<typeof ReportItem>): Record<string, unknown> | undefined {
  return attempts.at(-1)?.facts;
}

/**
 * Ratios with their noise: both runs' windows are drawn again and again with replacement. Windows, not requests,
 * because neighbouring requests are slow together, and would make the noise look smaller than it is.
 */
export function compareRuns(before: Comparable, now: Comparable): Comparison[] {
  refuseUnlike(before, now);
  refuseTooFew(now);
  return (['p50', 'p95', 'p99'] as const).map((percentile) => {
    const valuesOf = ({ windows }: Comparable) => windows.map((window) => window[`${percentile}_ms`]);
    const [old, fresh] = [valuesOf(before), valuesOf(now)];
    // The same facts give the same interval: the draw is fixed.
    const random = mulberry32(0x5eed);
    const ratios = Array.from({ length: resamples }, () => drawnMean(fresh, random) / drawnMean(old, random));
    ratios.sort((a, b) => a - b);
    const at = (share: number) => ratios[Math.round(share * (resamples - 1))] ?? Number.NaN;
    return {
      percentile,
      before_ms: rounded(mean(old)),
      now_ms: rounded(mean(fresh)),
      ratio: rounded(mean(fresh) / mean(old)),
      low: rounded(at(0.025)),
      high: rounded(at(0.975)),
    };
  });
}

/** Only runs of one script under one load, in windows of one length, can be compared. */
export function refuseUnlike(before: Comparable, now: Planned): void {
  for (const key of ['script', 'script_sha256', 'load', 'window_ms'] as const) {
    if (before[key] === now[key]) continue;
    throw new CountersignError(
      'CONFIG_INVALID',
      `the earlier run had another \`${key}\`: ${before[key]}, now ${now[key]}`,
      { hint: 'only runs of one script under one load can be compared; record a new one to compare with' },
    );
  }
  refuseTooFew(before);
}

function refuseTooFew({ windows }: Comparable): void {
  if (windows.length >= fewestWindows) return;
  throw new CountersignError(
    'NO_DATA',
    `${windows.length} windows are too few to know the noise of a comparison`,
    { hint: `both runs need ${fewestWindows} windows: make \`duration\` longer or \`window\` shorter` },
  );
}

function drawnMean(values: readonly number[], random: () => number): number {
  let sum = 0;
  for (let drawn = 0; drawn < values.length; drawn += 1) {
    sum += values[Math.floor(random() * values.length)] ?? Number.NaN;
  }
  return sum / values.length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** A small generator with a state of 32 bits, even enough for drawing windows. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
