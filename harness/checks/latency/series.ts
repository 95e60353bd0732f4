import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CountersignError } from '../../errors.ts';
import type { ChartPoint } from '../window-chart.ts';
import { Histogram } from './histogram.ts';

export interface Window extends ChartPoint {
  max_ms: number;
}

/** More points than this neither a chart nor a reader can tell apart. */
export const mostWindows = 720;

interface Slot {
  durations: Histogram;
  errors: number;
}

/** Requests by the moment at which they ended, in slots of one length, aligned to the clock. */
export class Series {
  readonly stepMs: number;
  readonly #slots = new Map<number, Slot>();
  #requests = 0;

  constructor(stepMs: number) {
    this.stepMs = stepMs;
  }

  /** All that k6 counted, those outside the load included. */
  get requests(): number {
    return this.#requests;
  }

  addDuration(at: number, milliseconds: number): void {
    this.#slot(at).durations.add(milliseconds);
    this.#requests += 1;
  }

  /** A request of `setup()` or `teardown()`: k6 counts it, but it is no part of the load. */
  addOutside(): void {
    this.#requests += 1;
  }

  addError(at: number): void {
    this.#slot(at).errors += 1;
  }

  /** Of `stepMs`, or of a multiple of it. A rest of under half a window belongs to the one before it. */
  windows(windowMs: number): Window[] {
    const indexes = [...this.#slots.keys()].sort((a, b) => a - b);
    const first = indexes[0];
    if (first === undefined) return [];
    const slotsEach = windowMs / this.stepMs;
    const span = (indexes.at(-1) ?? first) - first + 1;
    const whole = Math.floor(span / slotsEach);
    const count = Math.max(1, span - whole * slotsEach >= slotsEach / 2 ? whole + 1 : whole);
    const groups = Array.from({ length: count }, (): Slot => ({ durations: new Histogram(), errors: 0 }));
    for (const [index, slot] of this.#slots) {
      const group = groups[Math.min(count - 1, Math.floor((index - first) / slotsEach))];
      group?.durations.merge(slot.durations);
      if (group) group.errors += slot.errors;
    }
    return groups.map((group, at) => windowOf(group, first * this.stepMs + at * windowMs));
  }

  #slot(at: number): Slot {
    const index = Math.floor(at / this.stepMs);
    let slot = this.#slots.get(index);
    if (!slot) {
      slot = { durations: new Histogram(), errors: 0 };
      this.#slots.set(index, slot);
    }
    // One more for the start, one for what ends late.
    if (this.#slots.size > 2 * mostWindows) {
      throw new CountersignError('SOURCE_ANSWER', 'the time series of k6 covers more time than the run had');
    }
    return slot;
  }
}

function windowOf({ durations, errors }: Slot, startMs: number): Window {
  const percentile = (share: number) => (durations.count === 0 ? 0 : round(durations.percentile(share)));
  return {
    start: new Date(startMs).toISOString(),
    requests: durations.count,
    errors,
    p50_ms: percentile(0.5),
    p95_ms: percentile(0.95),
    p99_ms: percentile(0.99),
    max_ms: round(durations.max),
  };
}

/** A microsecond is finer than any network. */
export function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}

const columns = 'metric_name,timestamp,metric_value,';

/** Reads what `k6 run --out csv=FILE.csv.gz` wrote, line by line: the file may be far larger than memory. */
export async function readSeries(file: string, stepMs: number): Promise<Series> {
  const series = new Series(stepMs);
  // A broken stream ends the lines with its own error.
  const text = pipeline(createReadStream(file), createGunzip(), () => {});
  let scenarioAt: number | undefined;
  for await (const line of createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (scenarioAt === undefined) {
      if (!line.startsWith(columns)) throw unreadable(`its columns begin with \`${line.slice(0, 60)}\``);
      scenarioAt = line.split(',').indexOf('scenario');
      if (scenarioAt < 0) throw unreadable('it does not say to which scenario a request belongs');
    } else addLine(line, series, scenarioAt);
  }
  return series;
}

/** The first three columns hold neither quotes nor commas; tags, which may, come after them. */
function addLine(line: string, series: Series, scenarioAt: number): void {
  const isDuration = line.startsWith('http_req_duration,');
  if (!isDuration && !line.startsWith('http_req_failed,')) return;
  const [, at = '', value = ''] = line.split(',', 3);
  const milliseconds = Number(at);
  const measured = Number(value);
  if (at === '' || value === '' || !Number.isFinite(milliseconds) || !(measured >= 0)) {
    throw unreadable(`\`${line.slice(0, 80)}\` is no measurement`);
  }
  // What `setup()` and `teardown()` ask for belongs to none.
  if (cellOf(line, scenarioAt) === '') {
    if (isDuration) series.addOutside();
    return;
  }
  if (isDuration) series.addDuration(milliseconds, measured);
  else if (measured > 0) series.addError(milliseconds);
}

/** Cells that hold a comma or a quote stand in quotes, in which a quote is doubled. */
function cellOf(line: string, column: number): string | undefined {
  if (!line.includes('"')) return line.split(',', column + 1)[column];
  return [...line.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^",]*)/g)][column]?.[1];
}

function unreadable(why: string): CountersignError {
  return new CountersignError('SOURCE_ANSWER', `the time series of k6 cannot be read: ${why}`);
}

/** What is kept as evidence: bounded, and without the URLs and tags, which may hold secrets. */
export function seriesCsv(points: readonly Window[]): string {
  const rows = points.map((point) => Object.values(point).join(','));
  return `${['start', 'requests', 'errors', 'p50_ms', 'p95_ms', 'p99_ms', 'max_ms'].join(',')}\n${rows.join('\n')}\n`;
}
