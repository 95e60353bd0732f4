import { STEPS_A_SAMPLE } from '../../gate/watch.ts';
import type { Attempt, WatchReport } from '../schema.ts';
import { html, type Markup } from './markup.ts';
import { duration } from './time.ts';

const plot = { left: 62, right: 712, top: 18, bottom: 118 };
const size = { width: 720, height: 172 };
/** Where samples stand closer than that, only those that did not pass get a mark of their own. */
const mostMarks = 150;

/** The first number that an expectation reads, over the samples. */
export interface Line {
  /** As it stands in the expectation. */
  text: string;
  numberOf(sample: Attempt): number | undefined;
}

/** Nothing where no expectation reads a number. */
export function lineOf(samples: readonly Attempt[]): Line | undefined {
  const read = samples.flatMap(({ expectations }) => expectations.flatMap(({ operands }) => operands));
  const found = read.find(({ value }) => numberIn(value) !== undefined);
  if (!found) return undefined;
  const { text } = found;
  const numberOf = ({ expectations }: Attempt) =>
    numberIn(
      expectations.flatMap(({ operands }) => operands).find((operand) => operand.text === text)?.value,
    );
  return { text, numberOf };
}

interface Point {
  sample: Attempt;
  x: number;
  y: number;
}

/** Samples over time: their state by colour and by shape, the time that nobody observed shaded. */
export function watchChart(watch: WatchReport, line: Line | undefined): Markup {
  const start = Date.parse(watch.started_at);
  const x = (time: number) =>
    plot.left + Math.min(1, Math.max(0, (time - start) / watch.for_ms)) * (plot.right - plot.left);
  const y = scaleOf(watch.samples, line);
  const { samples } = watch;
  const isShown = ({ sample }: Point) => samples.length <= mostMarks || sample.state !== 'passed';
  const points: Point[] = samples.map((sample) => ({
    sample,
    x: x(Date.parse(sample.started_at)),
    y: y.at(line?.numberOf(sample)),
  }));
  return html`<svg class="chart" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${labelOf(watch)}">
${gaps(watch).map(
  ([from, until]) =>
    html`<rect class="gap" x="${fixed(x(from))}" y="${plot.top}" width="${fixed(Math.max(1, x(until) - x(from)))}" height="${plot.bottom - plot.top}"/>`,
)}
${y.steps.map(
  ({ at, text }) =>
    html`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${fixed(at)}" y2="${fixed(at)}"/><text class="quiet" x="${plot.left - 8}" y="${fixed(at)}" dy="4" text-anchor="end">${text}</text>`,
)}
<path class="line" d="${pathOf(points, line, watch)}"/>
${points.filter(isShown).map(({ sample, ...at }) => mark(sample.state, at.x, at.y))}
${times(watch)}
${legend(watch)}
</svg>`;
}

/** Spans of the watch for which no sample speaks: before the next one, after an error, and to its end. */
function gaps({ samples, started_at, for_ms, every_ms }: WatchReport): [number, number][] {
  const end = Date.parse(started_at) + for_ms;
  const found: [number, number][] = [];
  for (const [index, { state, started_at: began }] of samples.entries()) {
    const from = Date.parse(began);
    const next = samples[index + 1];
    const until = Math.min(next ? Date.parse(next.started_at) : end, end);
    const seen = state === 'error' ? from : Math.min(from + every_ms * STEPS_A_SAMPLE, until);
    if (until > seen) found.push([seen, until]);
  }
  return found;
}

interface Scale {
  at(value: number | undefined): number;
  steps: { at: number; text: string }[];
}

function scaleOf(samples: readonly Attempt[], line: Line | undefined): Scale {
  const middle = (plot.top + plot.bottom) / 2;
  const values = samples.flatMap((sample) => line?.numberOf(sample) ?? []);
  if (values.length === 0) return { at: () => middle, steps: [] };
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const edge = 12;
  const share = (value: number) => (high > low ? (value - low) / (high - low) : 0.5);
  const y = (value: number) => plot.bottom - edge - share(value) * (plot.bottom - plot.top - 2 * edge);
  const ends = high > low ? [low, high] : [low];
  return {
    at: (value) => (value === undefined ? plot.bottom - 4 : y(value)),
    steps: ends.map((value) => ({ at: y(value), text: String(Number(value.toPrecision(4))) })),
  };
}

/** No line is drawn through what was not measured, nor over time that nobody observed. */
function pathOf(points: readonly Point[], line: Line | undefined, { every_ms }: WatchReport): string {
  let last: number | undefined;
  const parts: string[] = [];
  for (const { sample, x, y } of points) {
    const began = Date.parse(sample.started_at);
    const known = line?.numberOf(sample) !== undefined;
    const near = last !== undefined && began - last <= every_ms * STEPS_A_SAMPLE;
    if (known) parts.push(`${near ? 'L' : 'M'}${fixed(x)} ${fixed(y)}`);
    last = known ? began : undefined;
  }
  return parts.join('');
}

function mark(state: Attempt['state'], x: number, y: number): Markup {
  const [a, b, c, d] = [x - 4, x + 4, y - 4, y + 4].map(fixed);
  if (state === 'failed') return html`<path class="cross bad" d="M${a} ${c}L${b} ${d}M${a} ${d}L${b} ${c}"/>`;
  if (state === 'error') return html`<path class="mark unsure" d="M${a} ${d}L${fixed(x)} ${c}L${b} ${d}Z"/>`;
  return html`<circle class="mark good" cx="${fixed(x)}" cy="${fixed(y)}" r="3"/>`;
}

function times({ started_at, for_ms }: WatchReport): Markup[] {
  const start = Date.parse(started_at);
  const at = [
    { x: plot.left, anchor: 'start', time: start },
    { x: (plot.left + plot.right) / 2, anchor: 'middle', time: start + for_ms / 2 },
    { x: plot.right, anchor: 'end', time: start + for_ms },
  ];
  return at.map(
    ({ x, anchor, time }) =>
      html`<text class="quiet" x="${x}" y="${plot.bottom + 20}" text-anchor="${anchor}">${new Date(time).toISOString().slice(11, 19)} UTC</text>`,
  );
}

function legend({ samples, failed, errors }: WatchReport): Markup {
  const y = size.height - 8;
  const entries = [
    { state: 'passed', count: samples.length - failed - errors },
    { state: 'failed', count: failed },
    { state: 'error', count: errors },
  ] as const;
  return html`${entries.map(
    ({ state, count }, index) =>
      html`${mark(state, plot.left + 6 + index * 120, y - 4)}<text x="${plot.left + 18 + index * 120}" y="${y}">${count} ${state}</text>`,
  )}<rect class="gap" x="${plot.left + 360}" y="${y - 10}" width="18" height="11"/><text x="${plot.left + 385}" y="${y}">not observed</text>`;
}

function labelOf({ samples, failed, errors, for_ms }: WatchReport): string {
  return `${samples.length} samples in ${duration(for_ms)}: ${failed} failed, ${errors} could not measure`;
}

function numberIn(json: string | undefined): number | undefined {
  if (json === undefined || !/^"?-?[0-9.]+([eE][-+]?[0-9]+)?"?$/.test(json)) return undefined;
  const value = Number(json.replaceAll('"', ''));
  return Number.isFinite(value) ? value : undefined;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

/** For the page; the colours are those of states. */
export const watchStyle = `
.watched .line { stroke: var(--quiet); stroke-width: 1.4; }
.watched .mark { fill: var(--tone); stroke: none; }
.watched .cross { stroke: var(--tone); stroke-width: 2.6; }
.cutover { margin-bottom: 1.2rem; }
.watched .gap { fill: var(--unsure); fill-opacity: .18; }
`;
