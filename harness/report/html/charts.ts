import { windowChart } from '../../checks/window-chart.ts';
import { isShape } from '../../config/validate.ts';
import { type Static, Type } from '../../type.ts';
import { html, Markup } from './markup.ts';

const Milliseconds = Type.Number({ minimum: 0 });
const Count = Type.Integer({ minimum: 0 });

/** Any fact of this shape is drawn, whatever kind measured it; one that says more is listed, to hide nothing of it. */
const Points = Type.Array(
  Type.Object(
    {
      start: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?Z$' }),
      requests: Count,
      errors: Count,
      p50_ms: Milliseconds,
      p95_ms: Milliseconds,
      p99_ms: Milliseconds,
      max_ms: Milliseconds,
    },
    { additionalProperties: false },
  ),
  { minItems: 2, maxItems: 2_000 },
);

export type Facts = Readonly<Record<string, unknown>>;

/**
 * Drawn anew from the signed facts: a drawing that a check left as evidence could hold anything. Nothing of the facts
 * reaches the drawing but numbers and the digits of a time. `others` are the facts that were not drawn.
 */
export function charts(facts: Facts): { drawn: Markup; others: Facts } {
  const series = Object.entries(facts).flatMap(([name, value]) =>
    isShape(Points, value) ? [{ name, points: value }] : [],
  );
  const names = new Set(series.map(({ name }) => name));
  const others = Object.fromEntries(Object.entries(facts).filter(([name]) => !names.has(name)));
  return { drawn: html`${series.map(({ name, points }) => figure(name, points))}`, others };
}

function figure(name: string, points: Static<typeof Points>): Markup {
  const rows = points.map(
    ({ start, requests, errors, p50_ms, p95_ms, p99_ms, max_ms }) =>
      html`<tr><th scope="row">${start.slice(11, 19)}</th>${[requests, errors, p50_ms, p95_ms, p99_ms, max_ms].map(cell)}</tr>`,
  );
  const heads = ['from, UTC', 'requests', 'failed', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'];
  return html`<figure class="drawn">${new Markup(windowChart(points))}
<figcaption class="quiet">Percentiles of each window, drawn from the fact <code>${name}</code></figcaption>
<details class="numbers"><summary>${points.length} windows in numbers</summary><div class="wide"><table class="records">
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div></details></figure>`;
}

function cell(value: number): Markup {
  return html`<td class="figure">${Number(value.toPrecision(4))}</td>`;
}
