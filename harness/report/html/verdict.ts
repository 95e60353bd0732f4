import { type ReportContext, stoppers } from '../approvals.ts';
import type { Decision, SignOff } from '../schema.ts';
import { abortNotice, undoNotices } from './acted.ts';
import { counted, html, type Markup, prose } from './markup.ts';
import { timeOf } from './time.ts';

/** A sign beside each word, so that colour is never the only difference. */
const verdicts: Record<Decision, { word: string; sign: string; tone: string; meaning: string }> = {
  GO: { word: 'Go', sign: '✓', tone: 'good', meaning: 'Every item passed.' },
  GO_WITH_WAIVERS: {
    word: 'Go, with waivers',
    sign: '✓',
    tone: 'waived',
    meaning: 'What did not pass was waived, or something was relaxed, as listed below.',
  },
  NO_GO: { word: 'No go', sign: '✗', tone: 'bad', meaning: 'At least one item failed.' },
  INCONCLUSIVE: {
    word: 'Inconclusive',
    sign: '?',
    tone: 'unsure',
    meaning: 'Not everything could be told. That is not a go.',
  },
  REHEARSAL_GO: {
    word: 'Rehearsal go',
    sign: '✓',
    tone: 'rehearsed',
    meaning: 'The rehearsal went well. It releases nothing.',
  },
};

interface Ruling {
  word: string;
  sign: string;
  tone: string;
  meaning: string;
  /** Of the page. */
  title: string;
}

/** The decision as people left it: whoever rejected it, or took the go back, comes before what was measured. */
export function rulingOf({ decision }: SignOff, context: ReportContext): Ruling {
  const { rejections, withdrawals } = stoppers(context);
  const names = (lines: readonly { name: string }[]) => lines.map(({ name }) => name).join(' and ');
  const title = decision.replaceAll('_', ' ');
  if (rejections.length > 0)
    return { ...verdicts.NO_GO, meaning: `Rejected by ${names(rejections)}.`, title: 'REJECTED' };
  if (withdrawals.length > 0) {
    const meaning = `The go was withdrawn by ${names(withdrawals)}. It releases nothing.`;
    return { ...verdicts.NO_GO, word: 'Withdrawn', meaning, title: `${title} WITHDRAWN` };
  }
  return { ...verdicts[decision], title };
}

export function verdict(signOff: SignOff, context: ReportContext): Markup {
  const { word, sign, tone, meaning } = rulingOf(signOff, context);
  const { gate, environment, release, run } = signOff;
  const commit = release.git ? html` · <code>${release.git.commit.slice(0, 12)}</code>` : undefined;
  return html`<header class="verdict ${tone}">
<p class="eyebrow">Sign-off report · <code>${run.id}</code></p>
<h1>${gate.title}</h1>
<p class="target">${environment.title}${commit} · ${timeOf(run.finished_at, environment.zone)}</p>
<div class="ruling">
<p class="decision"><span class="sign" aria-hidden="true">${sign}</span> ${word}</p>
<p class="meaning">${meaning} ${standing(signOff, context)}</p>
</div>
</header>`;
}

function isSignable(decision: Decision): boolean {
  return decision !== 'NO_GO' && decision !== 'INCONCLUSIVE';
}

/** A decision without its signatures is a proposal. */
function standing({ decision, policy }: SignOff, context: ReportContext): Markup {
  const { approvals, missing } = context;
  const { rejections, withdrawals } = stoppers(context);
  if (rejections.length + withdrawals.length > 0)
    return html`What was measured said ${verdicts[decision].word.toLowerCase()}.`;
  if (!isSignable(decision)) return html`There is nothing to sign.`;
  const wanted = policy.require.reduce((total, { count }) => total + count, 0);
  if (missing.length === 0) return html`<strong>Signed by ${approvals.length} of ${wanted}.</strong>`;
  const roles = missing.map(({ role, count }) => (count > 1 ? `${role} (${count} people)` : role)).join(', ');
  return html`<strong>Not signed off yet:</strong> waiting for ${roles}.`;
}

/** What a reader must know before they believe the word above. */
export function notices({ environment, items, relaxations, policy, release, run }: SignOff): Markup {
  const simulated = [...new Set([...environment.simulators, ...items.flatMap((item) => item.simulated)])];
  const waived = items.filter(({ state }) => state === 'waived');
  const rehearsed = items.filter(({ state }) => state === 'rehearsed').length;
  const unknown = `${counted(rehearsed, 'item')} could not be known in a rehearsal.`;
  const lines = [
    ...undoNotices(items),
    ...abortNotice(run, items),
    environment.rehearsal
      ? html`<li><b>Rehearsal.</b> Its keys were made for practice, and it releases nothing. ${rehearsed > 0 ? unknown : ''}</li>`
      : undefined,
    simulated.length > 0
      ? html`<li><b>Simulated.</b> A stand-in answered for: ${simulated.join(', ')}.</li>`
      : undefined,
    ...waived.map(
      ({ title, reason }) => html`<li><b>Waived.</b> ${title}: ${prose(reason ?? 'no reason')}</li>`,
    ),
    ...relaxations.map((text) => html`<li><b>Relaxed.</b> ${prose(text)}</li>`),
    policy.distinct_people ? undefined : html`<li><b>Relaxed.</b> One person may fill several roles.</li>`,
    policy.not_author ? undefined : html`<li><b>Relaxed.</b> Authors and the requester may sign.</li>`,
    ...release.notes.map((text) => html`<li><b>Note.</b> ${prose(text)}</li>`),
  ].filter((line) => line !== undefined);
  return lines.length > 0
    ? html`<aside class="notices" aria-label="Read this first"><ul>${lines}</ul></aside>`
    : html``;
}

/** One line a place to sign, as on paper. */
export function signatures(
  { environment, decision }: SignOff,
  { approvals, missing }: ReportContext,
): Markup {
  if (approvals.length === 0 && !isSignable(decision)) return html``;
  const signed = approvals.map(
    ({ name, person, role, keyid, at }) => html`<li class="signed">
<span class="role">${role}</span>
<span class="name">${name}</span>
<span class="when">${at ? timeOf(at, environment.zone) : 'at an unknown time'}</span>
<span class="key"><span class="quiet">${person}, key</span> <code>${keyid}</code></span></li>`,
  );
  const open = missing.flatMap(({ role, count }) =>
    Array.from(
      { length: count },
      () =>
        html`<li class="open"><span class="role">${role}</span> <span class="name">not signed</span></li>`,
    ),
  );
  return html`<section class="signatures" aria-labelledby="signatures">
<h2 id="signatures">Signatures</h2>
<ul>${signed}${open}</ul>
</section>`;
}
