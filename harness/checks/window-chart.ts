/** What happened in one of the equally long windows of a measurement. */
export interface ChartPoint {
  /** RFC 3339, in UTC. */
  start: string;
  requests: number;
  errors: number;
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
}

const size = { width: 720, height: 270 };
const plot = { left: 62, right: 712, top: 26, bottom: 208 };
const curves = ['p50', 'p95', 'p99'] as const;

type Scale = (value: number) => number;

/**
 * Percentiles over time, the worst window and those with errors marked. Numbers and clock readings are all that it
 * holds, and it takes its colours from the page around it.
 */
export function windowChart(points: readonly ChartPoint[]): string {
  return `<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img">
${drawing(points)}
</svg>`;
}

/** The same as a file that needs nothing else. */
export function chartFile(points: readonly ChartPoint[], title: string): string {
  return `<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 -28 ${size.width} ${size.height + 28}" role="img" font-family="system-ui, sans-serif">
<style>${ownColours}${chartStyle}</style>
<rect class="ground" y="-28" width="${size.width}" height="${size.height + 28}"/>
<text class="name" x="8" y="-8">${escapeXml(title)}</text>
${drawing(points)}
</svg>
`;
}

/** For the page; `--ink`, `--quiet`, `--rule`, `--bad` and the three of the curves are to be set around it. */
export const chartStyle = `
.chart { display: block; width: 100%; overflow: visible; font-size: 13px; fill: var(--ink); }
.chart .grid { stroke: var(--rule); }
.chart .quiet { fill: var(--quiet); }
.chart .name { font-size: 14px; font-weight: 600; }
.chart path { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
.chart .p50 { stroke: var(--p50); }
.chart .p95 { stroke: var(--p95); stroke-width: 2.4; }
.chart .p99 { stroke: var(--p99); stroke-dasharray: 5 4; }
.chart .worst { fill: var(--p95); fill-opacity: .13; }
.chart .failed { fill: var(--bad); }
`;

const ownColours = `
.chart { --ink: #222; --quiet: #666; --rule: #ddd; --bad: #a5231b; --p50: #4b7f52; --p95: #1f5fa8; --p99: #8a4fa3; }
.chart .ground { fill: #fff; }`;

function drawing(points: readonly ChartPoint[]): string {
  const top = niceCeiling(Math.max(...points.map(({ p99_ms }) => p99_ms)));
  const width = (plot.right - plot.left) / Math.max(1, points.length);
  const x: Scale = (index) => plot.left + (index + 0.5) * width;
  const y: Scale = (value) => plot.bottom - (value / top) * (plot.bottom - plot.top);
  const worst = points.reduce(
    (found, point, index) => (point.p95_ms > (points[found]?.p95_ms ?? 0) ? index : found),
    0,
  );
  return [
    `<title>${summary(points, worst)}</title>`,
    ...grid(top, y),
    `<rect class="worst" x="${fixed(x(worst) - width / 2)}" y="${plot.top}" width="${fixed(width)}" height="${plot.bottom - plot.top}"/>`,
    worstLabel(points[worst], x(worst)),
    ...curves.map((name) => curve(name, points, x, y)),
    ...errorMarks(points, x, width),
    ...times(points, x),
    ...legend(points),
  ].join('\n');
}

const fixed = (value: number) => value.toFixed(1);
const figure = (milliseconds: number) => `${Number(milliseconds.toPrecision(3))} ms`;
const clock = ({ start }: ChartPoint) => escapeXml(start.slice(11, 19));

function summary(points: readonly ChartPoint[], worst: number): string {
  const point = points[worst];
  if (!point) return 'nothing was measured';
  return `Latency in ${points.length} windows; the highest p95 is ${figure(point.p95_ms)}, from ${clock(point)} UTC`;
}

function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * unit >= value) ?? 10) * unit;
}

function grid(top: number, y: Scale): string[] {
  const unit = `<text class="quiet" x="${plot.left - 8}" y="${plot.top - 15}" text-anchor="end">ms</text>`;
  const steps = [0, 0.5, 1].flatMap((share) => {
    const at = fixed(y(top * share));
    return [
      `<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${at}" y2="${at}"/>`,
      `<text class="quiet" x="${plot.left - 8}" y="${at}" dy="4" text-anchor="end">${Number((top * share).toPrecision(3))}</text>`,
    ];
  });
  return [unit, ...steps];
}

function worstLabel(point: ChartPoint | undefined, at: number): string {
  if (!point) return '';
  const room = 120;
  const anchor = at < plot.left + room ? 'start' : at > plot.right - room ? 'end' : 'middle';
  const x = { start: Math.max(plot.left, at - 8), middle: at, end: Math.min(plot.right, at + 8) }[anchor];
  return `<text x="${fixed(x)}" y="${plot.top - 9}" text-anchor="${anchor}">worst p95 ${figure(point.p95_ms)}, ${clock(point)} UTC</text>`;
}

/** A window in which nothing ended leaves a gap: no line is drawn through what was not measured. */
function curve(name: (typeof curves)[number], points: readonly ChartPoint[], x: Scale, y: Scale): string {
  let pen = 'M';
  const parts: string[] = [];
  for (const [index, point] of points.entries()) {
    if (point.requests === 0) pen = 'M';
    else {
      const at = `${fixed(x(index))} ${fixed(y(point[`${name}_ms`]))}`;
      // Going nowhere leaves a dot where a point has no neighbour.
      parts.push(pen === 'M' ? `M${at}L${at}` : `L${at}`);
      pen = 'L';
    }
  }
  return `<path class="${name}" d="${parts.join('')}"/>`;
}

function errorMarks(points: readonly ChartPoint[], x: Scale, width: number): string[] {
  const wide = Math.max(2, Math.min(width, 10));
  return points.flatMap((point, index) =>
    point.errors > 0
      ? [
          `<rect class="failed" x="${fixed(x(index) - wide / 2)}" y="${plot.bottom}" width="${fixed(wide)}" height="7"><title>${point.errors} failed, ${clock(point)} UTC</title></rect>`,
        ]
      : [],
  );
}

function times(points: readonly ChartPoint[], x: Scale): string[] {
  const last = points.length - 1;
  return [...new Set([0, Math.floor(last / 2), last])].flatMap((index) => {
    const point = points[index];
    if (!point) return [];
    const anchor = last > 0 && index === 0 ? 'start' : last > 0 && index === last ? 'end' : 'middle';
    const at = { start: plot.left, middle: x(index), end: plot.right }[anchor];
    return [
      `<text class="quiet" x="${fixed(at)}" y="${plot.bottom + 24}" text-anchor="${anchor}">${clock(point)} UTC</text>`,
    ];
  });
}

function legend(points: readonly ChartPoint[]): string[] {
  const y = size.height - 10;
  const named = curves.map((name, index) => {
    const from = plot.left + index * 86;
    return `<path class="${name}" d="M${from} ${y - 4}h26"/><text x="${from + 34}" y="${y}">${name}</text>`;
  });
  const errors = points.reduce((sum, point) => sum + point.errors, 0);
  const requests = points.reduce((sum, point) => sum + point.requests, 0);
  const failed = `<rect class="failed" x="${plot.left + 266}" y="${y - 9}" width="8" height="8"/><text x="${plot.left + 280}" y="${y}">${errors} failed</text>`;
  const all = `<text class="quiet all" x="${plot.right}" y="${y}" text-anchor="end">${requests} requests, ${points.length} windows${stepOf(points)}</text>`;
  return [...named, errors > 0 ? failed : '', all];
}

function stepOf([first, second]: readonly ChartPoint[]): string {
  if (!first || !second) return '';
  return ` of ${(Date.parse(second.start) - Date.parse(first.start)) / 1_000} s`;
}

function escapeXml(text: string): string {
  const named: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
  return text.replace(/[<>&"]/g, (character) => named[character] ?? character);
}
