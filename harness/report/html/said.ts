import type { ReportContext, SaidLine } from '../approvals.ts';
import type { SignOff } from '../schema.ts';
import { html, type Markup } from './markup.ts';
import { timeOf } from './time.ts';

/** A sign beside each word, as for states. */
const kinds: Record<SaidLine['kind'], { word: string; sign: string; tone: string }> = {
  'approval-withdrawn': { word: 'took the approval back', sign: '↺', tone: 'unsure' },
  comment: { word: 'commented', sign: '“', tone: '' },
  'go-withdrawn': { word: 'withdrew the go', sign: '✗', tone: 'bad' },
  rejection: { word: 'rejected', sign: '✗', tone: 'bad' },
  revocation: { word: 'revoked a key', sign: '!', tone: 'unsure' },
};

/** What people said besides signing, in the order in which they said it. */
export function said({ environment }: SignOff, { said: lines = [] }: ReportContext): Markup {
  if (lines.length === 0) return html``;
  const entries = lines.map((line) => {
    const { word, sign, tone } = kinds[line.kind];
    const earlier = line.earlier
      ? html` <span class="quiet">about an earlier state of this report</span>`
      : '';
    return html`<li class="${tone}">
<p class="did"><span class="state ${tone}"><span aria-hidden="true">${sign}</span> ${line.name} ${word}</span>
<span class="when">${timeOf(line.at, environment.zone)}</span>${earlier}</p>
<blockquote>${line.words}</blockquote>
${line.revoked ? html`<p class="quiet">Key <code>${line.revoked.keyid}</code>: what it signed since ${timeOf(line.revoked.from, environment.zone)} does not count.</p>` : ''}
<p class="key"><span class="quiet">${line.person}, key</span> <code>${line.keyid}</code></p></li>`;
  });
  return html`<section class="said" aria-labelledby="said">
<h2 id="said">What people said</h2>
<ol>${entries}</ol>
</section>`;
}
