import type { ItemReport, SignOff } from '../schema.ts';
import { html, type Markup, prose } from './markup.ts';
import { duration, timeOf } from './time.ts';

/** First of all what still stands although it should not; then what was taken back. */
export function undoNotices(items: readonly ItemReport[]): Markup[] {
  const tried = items.filter(({ undo }) => undo);
  const back = tried.filter(({ undo }) => undo?.state === 'passed');
  return [
    ...tried
      .filter((item) => !back.includes(item))
      .map(
        ({ id, undo }) =>
          html`<li><b>Not undone.</b> What <code>${id}</code> did still stands: ${prose(undo?.reason ?? 'its undo did not pass')}. Take it back by hand.</li>`,
      ),
    ...(back.length > 0
      ? [
          html`<li><b>Undone.</b> The run halted, and took back what was done: ${back.map(({ id }) => id).join(', ')}.</li>`,
        ]
      : []),
  ];
}

/** Who ended the run, and what that left. */
export function abortNotice({ aborted }: SignOff['run'], items: readonly ItemReport[]): Markup[] {
  if (!aborted) return [];
  const acted = items.filter(({ effects, attempts }) => effects === 'writes' && attempts.length > 0);
  const left =
    aborted.undo || acted.length === 0
      ? ''
      : ` What was done still stands: ${acted.map(({ id }) => id).join(', ')}.`;
  return [html`<li><b>Aborted.</b> ${aborted.who} ended the run before its time.${left}</li>`];
}

/** How old what it rests on was when the release went live. */
export function cutoverOf({ cutover }: ItemReport, { zone }: Pick<SignOff['environment'], 'zone'>): Markup {
  if (!cutover) return html``;
  const rows = cutover.fresh.map(
    ({
      id,
      age_ms,
      within_ms,
      ok,
    }) => html`<tr><td><span class="state ${ok ? 'good' : 'bad'}"><span aria-hidden="true">${ok ? '✓' : '✗'}</span> ${ok ? 'fresh' : 'too old'}</span></td>
<th scope="row"><a href="#item-${encodeURIComponent(id)}">${id}</a></th><td>${age_ms < 0 ? 'unknown' : duration(age_ms)}</td><td>${duration(within_ms)}</td></tr>`,
  );
  const table = html`<div class="wide"><table class="records">
<thead><tr><th scope="col">State</th><th scope="col">Item</th><th scope="col">Age</th><th scope="col">At most</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
  return html`<div class="cutover"><h4>Cutover</h4><p class="quiet">${timeOf(cutover.at, zone)}</p>${rows.length > 0 ? table : ''}</div>`;
}
