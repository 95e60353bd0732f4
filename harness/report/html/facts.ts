import { html, type Markup } from './markup.ts';

const mostEntries = 60;
const deepest = 8;

/** Facts as a tree that reads from left to right; a list of like records becomes a table. */
export function facts(value: unknown, depth = 0): Markup {
  if (Array.isArray(value)) return list(value, depth);
  if (typeof value === 'object' && value !== null) return record(value as Record<string, unknown>, depth);
  return scalar(value);
}

function scalar(value: unknown): Markup {
  if (typeof value === 'string') return html`<span class="text">${value === '' ? '(empty)' : value}</span>`;
  return html`<span class="number">${JSON.stringify(value) ?? 'null'}</span>`;
}

function record(value: Record<string, unknown>, depth: number): Markup {
  const entries = Object.entries(value);
  if (entries.length === 0) return html`<span class="none">(nothing)</span>`;
  if (depth >= deepest) return more(entries.length, 'fields');
  const rows = entries
    .slice(0, mostEntries)
    .map(([key, inner]) => html`<div><dt>${key}</dt><dd>${facts(inner, depth + 1)}</dd></div>`);
  return html`<dl class="facts">${rows}</dl>${rest(entries.length)}`;
}

function list(values: readonly unknown[], depth: number): Markup {
  if (values.length === 0) return html`<span class="none">(empty list)</span>`;
  if (depth >= deepest) return more(values.length, 'entries');
  const shown = values.slice(0, mostEntries);
  const columns = columnsOf(shown);
  if (columns) return html`${table(columns, shown as Record<string, unknown>[])}${rest(values.length)}`;
  if (shown.every((value) => typeof value !== 'object' || value === null)) {
    return html`<ul class="values">${shown.map((value) => html`<li>${scalar(value)}</li>`)}</ul>${rest(values.length)}`;
  }
  return html`<ol class="entries">${shown.map((value) => html`<li>${facts(value, depth + 1)}</li>`)}</ol>${rest(values.length)}`;
}

function table(columns: readonly string[], rows: readonly Record<string, unknown>[]): Markup {
  return html`<div class="wide"><table class="records">
<thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${columns.map((name) => html`<td>${scalar(row[name])}</td>`)}</tr>`)}</tbody>
</table></div>`;
}

/** The shared field names of flat records, or nothing where a table would not do. */
function columnsOf(values: readonly unknown[]): string[] | undefined {
  const [first] = values;
  if (values.length < 2 || typeof first !== 'object' || first === null || Array.isArray(first))
    return undefined;
  const columns = Object.keys(first);
  const like = values.every(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.keys(value).join('\0') === columns.join('\0') &&
      Object.values(value).every((inner) => typeof inner !== 'object' || inner === null),
  );
  return like && columns.length > 0 && columns.length <= 8 ? columns : undefined;
}

function rest(length: number): Markup | undefined {
  return length > mostEntries ? more(length - mostEntries, 'more') : undefined;
}

function more(count: number, what: string): Markup {
  return html`<span class="none">… ${count} ${what}, in report.json</span>`;
}
