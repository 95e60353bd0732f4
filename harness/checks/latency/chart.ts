import type { Window } from './series.ts';

const size = { width: 860, height: 320 };
const plot = { left: 64, right: 846, top: 44, bottom: 262 };
const lines = [
  { key: 'p50_ms', label: 'p50', colour: '#4b7f52', dash: '' },
  { key: 'p95_ms', label: 'p95', colour: '#1f5fa8', dash: '' },
  { key: 'p99_ms', label: 'p99', colour: '#8a4fa3', dash: '5 3' },
] as const;
const errorColour = '#b3261e';

/** Percentiles over time with the windows that had errors marked: one SVG that needs nothing else. */
export function latencyChart(points: readonly Window[], title: string, stepMs: number): string {
  const top = niceCeiling(Math.max(...points.map(({ p99_ms }) => p99_ms)));
  const x = (index: number) =>
    plot.left + ((index + 0.5) / Math.max(1, points.length)) * (plot.right - plot.left);
  const y = (value: number) => plot.bottom - (value / top) * (plot.bottom - plot.top);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${size.width}" height="${size.height}" fill="#fff"/>`,
    `<text x="${plot.left}" y="22" font-size="14" font-weight="600">${escapeXml(title)}</text>`,
    ...grid(top, y),
    ...points.flatMap((point, index) => (point.errors > 0 ? [errorMark(point, x(index))] : [])),
    ...lines.map((line) => curve(line, points, x, y)),
    ...times(points, x),
    ...legend(points, stepMs),
    '</svg>',
    '',
  ].join('\n');
}

function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5, 10].find((step) => step * unit >= value) ?? 10) * unit;
}

function grid(top: number, y: (value: number) => number): string[] {
  return [0, 0.25, 0.5, 0.75, 1].flatMap((share) => {
    const at = y(top * share).toFixed(1);
    const label = `${Number((top * share).toPrecision(3))} ms`;
    return [
      `<line x1="${plot.left}" x2="${plot.right}" y1="${at}" y2="${at}" stroke="#ddd"/>`,
      `<text x="${plot.left - 6}" y="${at}" dy="4" text-anchor="end">${label}</text>`,
    ];
  });
}

function errorMark({ errors, start }: Window, at: number): string {
  return `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${plot.top}" y2="${plot.bottom}" stroke="${errorColour}" stroke-opacity="0.35" stroke-width="3"><title>${errors} errors at ${start}</title></line>`;
}

/** A window in which nothing ended leaves a gap: no line is drawn through what was not measured. */
function curve(
  { key, colour, dash }: (typeof lines)[number],
  points: readonly Window[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let pen = 'M';
  const parts: string[] = [];
  for (const [index, point] of points.entries()) {
    if (point.requests === 0) pen = 'M';
    else {
      parts.push(`${pen}${x(index).toFixed(1)} ${y(point[key]).toFixed(1)}`);
      pen = 'L';
    }
  }
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  // A point with no neighbour is visible as a dot only.
  return `<path d="${parts.join('')}" fill="none" stroke="${colour}" stroke-width="1.8" stroke-linecap="round"${dashes}/>`;
}

function times(points: readonly Window[], x: (index: number) => number): string[] {
  const shown = [...new Set([0, Math.floor((points.length - 1) / 2), points.length - 1])];
  return shown.map((index) => {
    const anchor = index === 0 ? 'start' : index === points.length - 1 ? 'end' : 'middle';
    const clock = points[index]?.start.slice(11, 19) ?? '';
    return `<text x="${x(index).toFixed(1)}" y="${plot.bottom + 20}" text-anchor="${anchor}">${clock} UTC</text>`;
  });
}

function legend(points: readonly Window[], stepMs: number): string[] {
  const at = size.height - 14;
  const named = lines.map(({ label, colour, dash }, index) => {
    const from = plot.left + index * 70;
    const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
    return `<line x1="${from}" x2="${from + 24}" y1="${at - 4}" y2="${at - 4}" stroke="${colour}" stroke-width="2"${dashes}/><text x="${from + 30}" y="${at}">${label}</text>`;
  });
  const errors = points.reduce((sum, point) => sum + point.errors, 0);
  const requests = points.reduce((sum, point) => sum + point.requests, 0);
  return [
    ...named,
    `<text x="${plot.left + 220}" y="${at}" fill="${errorColour}">| ${errors} errors</text>`,
    `<text x="${plot.right}" y="${at}" text-anchor="end">${requests} requests, a point every ${stepMs / 1_000} s</text>`,
  ];
}

function escapeXml(text: string): string {
  const named: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
  return text.replace(/[<>&"]/g, (character) => named[character] ?? character);
}
