import { spentMs } from '../measurements.ts';
import type { ItemReport, ItemState, SignOff } from '../schema.ts';
import { signs } from '../signs.ts';
import { counted, html, type Markup, prose } from './markup.ts';
import { duration } from './time.ts';
import { seen } from './watch.ts';

/** In the order in which they are counted: what keeps a gate from passing first. */
export const tones: Record<ItemState, string> = {
  failed: 'bad',
  error: 'unsure',
  blocked: 'unsure',
  pending: 'unsure',
  waived: 'waived',
  flaky: 'waived',
  rehearsed: 'rehearsed',
  passed: 'good',
};

const order = Object.keys(tones) as ItemState[];

export function stateOf(state: ItemState): Markup {
  return html`<span class="state ${tones[state]}"><span aria-hidden="true">${signs[state]}</span> ${state}</span>`;
}

/** How many of each state; the bar repeats the numbers for the eye only. */
export function counts({ items, run, evidence }: SignOff): Markup {
  const present = order
    .map((state) => ({ state, count: items.filter((item) => item.state === state).length }))
    .filter(({ count }) => count > 0);
  const figures = present.map(
    ({ state, count }) => html`<div class="${tones[state]}"><dt>${state}</dt><dd>${count}</dd></div>`,
  );
  return html`<section class="counts" aria-label="Summary">
${bar(present, items.length)}
<dl>${figures}
<div><dt>items</dt><dd>${items.length}</dd></div>
<div><dt>took</dt><dd>${duration(run.duration_ms)}</dd></div>
<div><dt>evidence</dt><dd>${evidence.files.length} <small>${evidence.files.length === 1 ? 'file' : 'files'}</small></dd></div></dl>
</section>`;
}

function bar(present: readonly { state: ItemState; count: number }[], total: number): Markup {
  let at = 0;
  const parts = present.map(({ state, count }) => {
    const part = html`<rect class="${tones[state]}" x="${at}" width="${count}" height="1"/>`;
    at += count;
    return part;
  });
  return html`<svg class="bar" viewBox="0 0 ${total} 1" preserveAspectRatio="none" aria-hidden="true">${parts}</svg>`;
}

/** Only what keeps the decision from a plain go, and why. */
export function reasons({ reasons: found, decision }: SignOff): Markup {
  const blocking = found.filter(({ state }) => ['failed', 'error', 'blocked', 'pending'].includes(state));
  if (blocking.length === 0) return html``;
  const lines = blocking.map(
    ({ item, state, text }) =>
      html`<li>${stateOf(state as ItemState)} <a href="#item-${encodeURIComponent(item)}">${item}</a> <span>${prose(text)}</span></li>`,
  );
  return html`<section class="reasons" aria-labelledby="reasons">
<h2 id="reasons">Why it is ${decision === 'NO_GO' ? 'a no go' : 'inconclusive'}</h2>
<ul>${lines}</ul>
</section>`;
}

export function itemTable({ items }: SignOff): Markup {
  return html`<section aria-labelledby="items">
<h2 id="items">Items</h2>
<table class="items">
<thead><tr><th scope="col">State</th><th scope="col">Item</th><th scope="col">Why</th><th scope="col" class="figure">Took</th></tr></thead>
<tbody>${items.map(row)}</tbody>
</table>
</section>`;
}

function row(item: ItemReport): Markup {
  const took = spentMs(item);
  const covers =
    item.covers.length > 0 ? html` <span class="covers">${item.covers.join(' · ')}</span>` : undefined;
  return html`<tr class="${tones[item.state]}">
<td>${stateOf(item.state)}</td>
<th scope="row"><a href="#item-${encodeURIComponent(item.id)}">${item.title}</a>${covers}</th>
<td class="reason">${item.reason ? prose(item.reason) : summary(item)}${undone(item)}</td>
<td class="figure">${item.attempts.length > 0 ? duration(took) : '–'}</td>
</tr>
`;
}

/** For a pass: a figure that was measured, and how much held. */
function summary({ attempts, attest, watch }: ItemReport): Markup {
  if (watch) return html`<span class="quiet">${seen(watch)}</span>`;
  if (attest?.person) return html`<span class="quiet">attested by ${attest.person}</span>`;
  const expectations = attempts.at(-1)?.expectations ?? [];
  if (expectations.length === 0) return html``;
  const figures = expectations.flatMap(({ operands }) => operands);
  const telling = figures.find(({ value }) => value.length <= 24) ?? figures[0];
  const measured = telling ? html`<code>${telling.text} = ${telling.value}</code>, ` : undefined;
  return html`<span class="quiet">${measured}${counted(expectations.length, 'expectation')} met</span>`;
}

function undone({ undo }: ItemReport): Markup {
  if (!undo) return html``;
  const back = undo.state === 'passed';
  return html` <span class="state ${back ? 'waived' : 'bad'}"><span aria-hidden="true">${back ? '↶' : '✗'}</span> ${back ? 'undone' : 'NOT UNDONE'}</span>`;
}
