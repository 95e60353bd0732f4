import { createHash } from 'node:crypto';
import type { ReportContext } from './approvals.ts';
import { itemDetails } from './html/item.ts';
import { counts, itemTable, reasons } from './html/items.ts';
import { html, Markup } from './html/markup.ts';
import { howToVerify, release } from './html/release.ts';
import { said } from './html/said.ts';
import { style } from './html/style.ts';
import { notices, rulingOf, signatures, verdict } from './html/verdict.ts';
import type { Statement } from './schema.ts';

/** By its digest the page's own style is the only thing that a browser may apply; there is no script at all. */
function policy({ pictures }: ReportContext): string {
  const digest = createHash('sha256').update(style).digest('base64');
  const images = pictures?.size ? ' img-src data:;' : '';
  return `default-src 'none'; style-src 'sha256-${digest}';${images} base-uri 'none'; form-action 'none'`;
}

/**
 * One self-contained page for whoever decides about the release. The same statement and signatures give the same
 * bytes, on any machine and at any time.
 */
export function renderHtml(statement: Statement, context: ReportContext): string {
  const { predicate } = statement;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy(context))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${rulingOf(predicate, context).title}: ${predicate.gate.title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#items">Skip to the items</a>
${verdict(predicate, context)}
<main>
${notices(predicate)}
${reasons(predicate)}
${signatures(predicate, context)}
${said(predicate, context)}
${counts(predicate)}
${itemTable(predicate)}
${itemDetails(predicate, context.pictures)}
${release(predicate, context)}
${howToVerify(predicate, context)}
</main>
<footer><p>${predicate.gate.title} · run <code>${predicate.run.id}</code> · report.json <code class="digest">${context.sha256}</code></p></footer>
</body>
</html>
`;
  return page.toString();
}
