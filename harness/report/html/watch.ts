import type { Attempt, ItemReport, WatchReport } from '../schema.ts';
import { html, type Markup, prose } from './markup.ts';
import { duration } from './time.ts';
import { type Line, lineOf, watchChart } from './watch-chart.ts';

/** Rows beyond are in report.json. */
const mostRows = 60;

const words = { passed: 'good', failed: 'bad', error: 'unsure' } as const;
const marks = { passed: '●', failed: '✕', error: '▲' } as const;

/** What a watch saw, drawn and in numbers. */
export function watchOf(item: ItemReport): Markup {
  const { watch } = item;
  if (!watch) return html``;
  const line = lineOf(watch.samples);
  return html`<figure class="drawn watched">${watchChart(watch, line)}
<figcaption class="quiet">${seen(watch)}${line ? html`; the line is <code>${line.text}</code>` : ''}</figcaption>
${numbers(watch, line)}</figure>`;
}

/** In a few words: how many samples, how they went, how much of the time they speak for. */
export function seen({ samples, failed, errors, observed_ms, for_ms }: WatchReport): string {
  const parts = [
    samples.length === 1 ? '1 sample' : `${samples.length} samples`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(errors > 0 ? [`${errors} could not measure`] : []),
  ];
  return `${parts.join(', ')}; ${Math.floor((observed_ms / for_ms) * 100)} % of ${duration(for_ms)} observed`;
}

function numbers({ samples }: WatchReport, line: Line | undefined): Markup {
  const telling = samples.filter(
    ({ state }, index) => state !== 'passed' || samples.length <= mostRows || index === 0,
  );
  const rows = telling.slice(0, mostRows);
  const left = samples.length - rows.length;
  const more = left > 0 ? html`<span class="none">… ${left} more, in report.json</span>` : undefined;
  return html`<details class="numbers"><summary>${samples.length} samples in numbers</summary><div class="wide"><table class="records">
<thead><tr><th scope="col">began, UTC</th><th scope="col">state</th>${line ? html`<th scope="col">${line.text}</th>` : ''}<th scope="col">took</th></tr></thead>
<tbody>${rows.map((sample) => row(sample, line))}</tbody></table></div>${more}</details>`;
}

function row(sample: Attempt, line: Line | undefined): Markup {
  const cause = sample.error ? html` ${prose(sample.error.message)}` : undefined;
  return html`<tr><th scope="row">${sample.started_at.slice(11, 23)}</th>
<td><span class="state ${words[sample.state]}"><span aria-hidden="true">${marks[sample.state]}</span> ${sample.state}</span>${cause}</td>
${line ? html`<td>${line.numberOf(sample) ?? '–'}</td>` : ''}<td>${duration(sample.duration_ms)}</td></tr>`;
}
