import type { ReportContext } from '../approvals.ts';
import { SIGNOFF_TYPE, type SignOff } from '../schema.ts';
import { fileList } from './item.ts';
import { counted, html, type Markup } from './markup.ts';
import { timeOf } from './time.ts';

export function release(signOff: SignOff, { sha256 }: ReportContext): Markup {
  const { release: released, environment, gate, run, validity, signers, evidence, journal } = signOff;
  const { zone } = environment;
  const git = released.git;
  const rows: [string, Markup | string][] = [
    ['Subjects', html`<ul class="plain">${released.subjects.map(subject)}</ul>`],
    [
      'Commit',
      git
        ? html`<code>${git.commit}</code>${git.branch ? ` on ${git.branch}` : ''}${git.dirty ? ', with uncommitted changes' : ''}`
        : 'none',
    ],
    ['Asked for by', released.requester],
    ['Authors', `${released.authors.length}, known by the digests of their addresses`],
    ['Environment', `${environment.title} (${environment.name}), clocks in ${zone}`],
    ['Gate', html`${gate.file} <code class="digest">${gate.sha256}</code>`],
    ['Signers', html`${signers.file} <code class="digest">${signers.sha256}</code>`],
    ['Began', timeOf(run.started_at, zone)],
    ['Ended', timeOf(run.finished_at, zone)],
    ['Valid from', timeOf(validity.not_before, zone)],
    ['Valid until', timeOf(validity.not_after, zone)],
    [
      'Evidence',
      html`${counted(evidence.files.length, 'file')}, ${counted(evidence.redactions, 'redaction')}, manifest <code class="digest">${evidence.sha256}</code>`,
    ],
    ['Journal', html`${journal.lines} lines, head <code class="digest">${journal.head}</code>`],
    ['Report', html`report.json <code class="digest">${sha256}</code>`],
    ['Made by', `${run.tool.name} ${run.tool.version}, Node ${run.tool.node}`],
  ];
  return html`<section aria-labelledby="release">
<h2 id="release">Release and circumstances</h2>
<dl class="sheet">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${allFiles(signOff)}
</section>`;
}

function allFiles({ evidence }: SignOff): Markup {
  if (evidence.files.length === 0) return html``;
  return html`<details class="item"><summary><span></span> <span class="title">All evidence</span> <span class="quiet">${counted(evidence.files.length, 'file')}</span></summary>
<div class="body">${fileList(evidence.files)}</div></details>`;
}

function subject({ name, digest }: SignOff['release']['subjects'][number]): Markup {
  const digests = Object.entries(digest).map(
    ([kind, value]) => html` <code class="digest">${kind}:${value}</code>`,
  );
  return html`<li>${name}${digests}</li>`;
}

/** For somebody who has this folder and does not trust this page. */
export function howToVerify(
  { release: released, signers, gate }: SignOff,
  { approvals }: ReportContext,
): Markup {
  const person = approvals[0]?.person ?? 'PERSON';
  const [kind, digest] = Object.entries(released.subjects[0]?.digest ?? {})[0] ?? ['sha256', 'DIGEST'];
  return html`<section class="verify" aria-labelledby="verify">
<h2 id="verify">How to check this report</h2>
<p>This page is a rendering and proves nothing by itself. In a checkout that you trust, with this folder beside it:</p>
<pre><code>npx countersign gate verify FOLDER --signers ${signers.file}
npx countersign gate verify FOLDER --for deploy --ledger FILE</code></pre>
<p>It checks every byte, signature, role, digest and verdict, and prints each line. The gate is <code>${gate.file}</code>.</p>
<p>Signatures alone, with public tools; <code>${person}.pub</code> is the public key in the signers file. They say who signed, not what was decided.</p>
<pre><code>cosign verify-blob-attestation --key ${person}.pub --bundle ${person}.sigstore.json \\
  --insecure-ignore-tlog --type ${SIGNOFF_TYPE} \\
  --digest ${digest} --digestAlg ${kind}</code></pre>
<pre><code>{ printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c &lt; report.json)"; cat report.json; } &gt; signed.bin
jq -r '.dsseEnvelope.signatures[0].sig' ${person}.sigstore.json | base64 -d &gt; signature.bin
openssl dgst -sha256 -verify ${person}.pub -signature signature.bin signed.bin           # P-256
openssl pkeyutl -verify -pubin -inkey ${person}.pub -rawin -in signed.bin -sigfile signature.bin  # Ed25519</code></pre>
</section>`;
}
