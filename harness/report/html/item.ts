import type { ArtifactRecord, Attempt, Expectation, ItemReport, SignOff } from '../schema.ts';
import { cutoverOf } from './acted.ts';
import { charts, type Facts } from './charts.ts';
import { facts } from './facts.ts';
import { stateOf } from './items.ts';
import { html, type Markup, prose } from './markup.ts';
import { type Pictures, picturesOf } from './pictures.ts';
import { duration, size, timeOf } from './time.ts';
import { watchOf } from './watch.ts';

/** Everything about each item: what was asked, expected, measured and kept. */
export function itemDetails({ items, environment }: SignOff, pictures?: Pictures): Markup {
  return html`<section aria-labelledby="details">
<h2 id="details">What was measured</h2>
${items.map((item) => details(item, environment.zone, pictures))}
</section>`;
}

function details(item: ItemReport, zone: string, pictures: Pictures | undefined): Markup {
  const open = item.state === 'passed' && !item.undo ? '' : ' open';
  const simulated =
    item.simulated.length > 0
      ? html`<p class="note">A stand-in answered for ${item.simulated.join(', ')}.</p>`
      : undefined;
  return html`<details class="item" id="item-${encodeURIComponent(item.id)}"${open}>
<summary>${stateOf(item.state)} <span class="title">${item.title}</span> <code>${item.id}</code></summary>
<div class="body">
${item.reason ? html`<p class="why">${prose(item.reason)}</p>` : ''}${simulated}
${origin(item)}
${attestation(item, zone)}
${waiverOf(item, zone)}
${cutoverOf(item, { zone })}
${watchOf(item)}
${item.attempts.map((attempt, index) => [attemptOf(attempt, index + 1, item, zone), picturesOf(attempt.artifacts, pictures)])}
${undoOf(item, zone)}
</div>
</details>
`;
}

function origin({ check, effects, needs, with: options }: ItemReport): Markup {
  const parts = [
    check ? html`check <code>${check}</code>` : undefined,
    effects ? html`effects: ${effects}` : undefined,
    needs.length > 0 ? html`needs ${needs.join(', ')}` : undefined,
  ].filter((part) => part !== undefined);
  const asked =
    typeof options === 'object' && options !== null && Object.keys(options).length > 0
      ? html`<h4>Options</h4>${facts(options)}`
      : undefined;
  return html`<p class="origin">${parts.map((part, index) => html`${index > 0 ? ' · ' : ''}${part}`)}</p>${asked}`;
}

function attestation({ attest }: ItemReport, zone: string): Markup {
  if (!attest) return html``;
  const about = attest.about.length > 0 ? html`, about ${attest.about.join(', ')}` : undefined;
  if (!attest.person || !attest.at)
    return html`<p class="attest">Waits for the word of <b>${attest.role}</b>${about}.</p>`;
  return html`<p class="attest"><b>${attest.person}</b> as ${attest.role}, ${timeOf(attest.at, zone)}${about}.</p>
${attest.comment ? html`<blockquote>${attest.comment}</blockquote>` : ''}${attest.statement ? evidence([attest.statement]) : ''}`;
}

function undoOf(item: ItemReport, zone: string): Markup {
  const { undo } = item;
  if (!undo) return html``;
  const undone = { ...item, attempts: undo.attempts };
  return html`<section class="undo"><h4>Undo</h4>
<p>${stateOf(undo.state)} ${undo.reason ? prose(undo.reason) : 'what it did was taken back'}</p>
${undo.attempts.map((attempt, index) => attemptOf(attempt, index + 1, undone, zone))}</section>`;
}

function waiverOf({ waiver }: ItemReport, zone: string): Markup {
  if (!waiver) return html``;
  const { requester, approver, expires, statement } = waiver;
  return html`<p class="attest">Waiver asked for by <b>${requester}</b>, approved by <b>${approver}</b>, until ${timeOf(expires, zone)}.</p>
${evidence([statement])}`;
}

function attemptOf(attempt: Attempt, number: number, item: ItemReport, zone: string): Markup {
  const heading = item.watch
    ? html`<h4>Last sample: ${attempt.state}</h4>`
    : item.attempts.length > 1
      ? html`<h4>Attempt ${number} of ${item.attempts.length}: ${attempt.state}</h4>`
      : undefined;
  const { error } = attempt;
  return html`<div class="attempt">
${heading}<p class="quiet">${timeOf(attempt.started_at, zone)}, ${duration(attempt.duration_ms)}</p>
${error ? html`<p class="error"><code>${error.code}</code> ${prose(error.message)}${error.hint ? html`<br><span class="quiet">${prose(error.hint)}</span>` : ''}</p>` : ''}
${expectations(attempt.expectations)}
${measured(attempt)}
${evidence(attempt.artifacts)}
</div>`;
}

function measured({ facts: found }: Attempt): Markup {
  if (!found) return html``;
  const { drawn, others } = charts(found as Facts);
  const all = Object.keys(found).length > 0 && Object.keys(others).length === 0;
  return html`${drawn}${all ? '' : html`<h4>Facts</h4>${facts(others)}`}`;
}

const outcomes = {
  true: { sign: '✓', word: 'holds', tone: 'good' },
  false: { sign: '✗', word: 'fails', tone: 'bad' },
  error: { sign: '?', word: 'unknown', tone: 'unsure' },
} as const;

function expectations(list: readonly Expectation[]): Markup {
  if (list.length === 0) return html``;
  const rows = list.map(({ text, outcome, operands, message }) => {
    const { sign, word, tone } = outcomes[outcome];
    const measured = operands.map(
      (operand) =>
        html`<div><code>${operand.text}</code> <span aria-hidden="true">=</span> <code class="value">${operand.value}</code></div>`,
    );
    return html`<tr><td><span class="state ${tone}"><span aria-hidden="true">${sign}</span> ${word}</span></td>
<th scope="row"><code>${text}</code></th><td>${measured}${message ? html`<p class="why">${message}</p>` : ''}</td></tr>`;
  });
  return html`<div class="wide"><table class="expectations">
<thead><tr><th scope="col">Outcome</th><th scope="col">Expected</th><th scope="col">Measured</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function evidence(files: readonly ArtifactRecord[]): Markup {
  if (files.length === 0) return html``;
  return html`<h4>Evidence</h4>${fileList(files)}`;
}

/** Links into the folder that the page stands in. */
export function fileList(files: readonly ArtifactRecord[]): Markup {
  const rows = files.map(
    ({ name, sha256, bytes, media_type }) => html`<li><a href="evidence/${sha256}">${name}</a>
<span class="quiet">${size(bytes)}, ${media_type}</span> <code class="digest">${sha256}</code></li>`,
  );
  return html`<ul class="evidence">${rows}</ul>`;
}
