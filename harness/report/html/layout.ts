const top = `
.verdict, main, footer { max-width: 66rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 3rem); }
.verdict { padding-top: 2.5rem; }
.verdict::before { content: ""; position: absolute; inset: 0 0 auto; height: 7px; background: var(--tone); }
.eyebrow { margin: 0; color: var(--quiet); font-size: .85rem; }
h1 { margin: .35rem 0 .25rem; font-size: clamp(1.5rem, 3.4vw, 2.1rem); line-height: 1.15; }
.target { margin: 0; color: var(--quiet); }
.ruling { display: grid; grid-template-columns: auto 1fr; gap: .3rem 2rem; align-items: baseline; margin-top: 1.6rem; padding: 1.1rem 0 1.2rem; border-block: 1px solid var(--rule); }
.decision { margin: 0; color: var(--tone); font: 600 clamp(2.4rem, 7vw, 4rem)/1 var(--serif); letter-spacing: -.015em; }
.decision .sign { font-family: var(--sans); font-size: .72em; font-weight: 400; }
.meaning { margin: 0; max-width: 38rem; font-size: 1.06rem; }
main > * { margin-top: 2.4rem; }
main > .notices { margin-top: 1.2rem; }
.notices ul, .reasons ul, .signatures ul, .plain, .values, .evidence { margin: 0; padding: 0; list-style: none; }
.notices { padding: .85rem 1.1rem; background: var(--raised); border-radius: 3px; }
.notices li + li { margin-top: .3rem; }
.reasons li { display: grid; grid-template-columns: 7rem minmax(7rem, max-content) 1fr; gap: 0 1rem; padding: .45rem 0; border-top: 1px solid var(--rule); }
.signatures ul { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: 1.4rem 2.5rem; }
.signatures li { display: flex; flex-direction: column; }
.signatures .name { order: -1; min-height: 2.2rem; padding: .2rem 0; border-bottom: 1px solid var(--ink); font: italic 1.35rem/1.3 var(--serif); }
.signatures .role { padding-top: .3rem; font-weight: 600; }
.signatures .when, .signatures .key { font-size: .85rem; }
.signatures .open .name { border-bottom-style: dashed; color: var(--quiet); font: 400 1rem/2.1rem var(--sans); }
.counts .bar { display: block; width: 100%; height: 9px; }
.bar rect { fill: var(--tone); stroke: var(--paper); stroke-width: 2px; vector-effect: non-scaling-stroke; }
.counts dl { display: flex; flex-wrap: wrap; gap: .4rem 2.4rem; margin: .8rem 0 0; }
.counts dl > div { display: flex; flex-direction: column-reverse; }
.counts dt { color: var(--quiet); font-size: .85rem; }
.counts dd { margin: 0; color: var(--tone, var(--ink)); font: 600 1.55rem/1.2 var(--serif); font-variant-numeric: lining-nums; }
`;

const tables = `
table { width: 100%; border-collapse: collapse; }
th, td { padding: .42rem 1rem .42rem 0; border-top: 1px solid var(--rule); text-align: start; vertical-align: baseline; font-weight: 400; }
thead th { border-top: 0; padding-bottom: .25rem; color: var(--quiet); font-size: .82rem; }
.wide { overflow-x: auto; }
.figure { padding-right: 0; text-align: end; white-space: nowrap; }
.items td:first-child { width: 7.5rem; }
.items th[scope=row] { width: 52%; }
.items th a { color: inherit; text-decoration-color: var(--rule); }
.items th a:hover { text-decoration-color: currentColor; }
.covers { display: block; font-size: .8rem; }
.items tr.bad, .items tr.unsure { background: var(--raised); box-shadow: inset 3px 0 var(--tone); }
.items tr:is(.bad, .unsure) > td:first-child { padding-left: .6rem; }
.items .reason { color: var(--ink); font-size: .92rem; }
.items .reason .quiet code { font-size: .86em; }
.expectations td:first-child { width: 6.5rem; }
.expectations th[scope=row] { width: 46%; }
.expectations .value { font-weight: 600; }
.records { width: auto; font-size: .88rem; }
.records th, .records td { padding: .2rem 1.4rem .2rem 0; }
`;

const bodies = `
.item { border-top: 1px solid var(--rule); scroll-margin-top: 1rem; }
.item:last-child { border-bottom: 1px solid var(--rule); }
summary { display: grid; grid-template-columns: 1rem 7.5rem 1fr auto; align-items: baseline; padding: .55rem 0; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: "+"; color: var(--quiet); font-family: var(--mono); }
[open] > summary::before { content: "\\2212"; }
summary .title { font-weight: 600; }
summary code { color: var(--quiet); }
summary:hover .title { text-decoration: underline; text-decoration-color: var(--rule); text-underline-offset: .2em; }
.body { padding: 0 0 1.3rem 8.5rem; }
.why { font-weight: 600; }
.origin { color: var(--quiet); }
.error code { font-weight: 600; color: var(--unsure); }
blockquote { margin: .5rem 0; padding: 0 0 0 1rem; border-left: 2px solid var(--rule); font-family: var(--serif); }
.attempt + .attempt { margin-top: 1.2rem; padding-top: .4rem; border-top: 1px dotted var(--rule); }
.facts { margin: 0; }
.facts > div { display: grid; grid-template-columns: minmax(6rem, 13rem) 1fr; gap: 0 1rem; padding: .1rem 0; }
.facts dt { color: var(--quiet); font-family: var(--mono); font-size: .84em; padding-top: .1em; }
.facts dd { margin: 0; min-width: 0; }
.facts .facts > div { grid-template-columns: minmax(4rem, 11rem) 1fr; }
.facts .facts .facts > div { grid-template-columns: 1fr; }
.facts .facts .facts dd { padding-left: .9rem; }
.text, .number { font-family: var(--mono); font-size: .86em; white-space: pre-wrap; }
.number { font-weight: 600; }
.values { display: flex; flex-wrap: wrap; gap: 0 1.2rem; }
.entries { margin: 0; padding-left: 1.4rem; }
.entries > li::marker { color: var(--quiet); font-size: .8em; }
.evidence li { padding: .12rem 0; }
.evidence .digest { display: block; }
.sheet { margin: 0; }
.sheet > div { display: grid; grid-template-columns: 9rem 1fr; gap: 0 1rem; padding: .34rem 0; border-top: 1px solid var(--rule); }
.sheet dt { color: var(--quiet); }
.sheet dd { margin: 0; min-width: 0; }
pre { margin: 0 0 1rem; padding: .8rem 1rem; overflow-x: auto; background: var(--raised); border-radius: 3px; line-height: 1.55; }
footer { margin-top: 3rem; padding-bottom: 2rem; color: var(--quiet); font-size: .82rem; }
`;

const media = `
@media (max-width: 46rem) {
  .ruling, .reasons li { grid-template-columns: 1fr; }
  .items thead { position: absolute; left: -99rem; }
  .items tr { display: block; padding: .5rem 0; border-top: 1px solid var(--rule); }
  .items td, .items th[scope=row], .items td:first-child { display: block; width: auto; padding: 0; border: 0; text-align: start; }
  summary { grid-template-columns: 1rem 1fr; }
  summary .title, summary code { grid-column: 2; }
  .body { padding-left: 1rem; }
  .facts > div, .facts .facts > div, .sheet > div { grid-template-columns: 1fr; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --raised: #f4f4f2; --ink: #000; --quiet: #444; --rule: #bbb; --link: #000; --good: #14532f; --bad: #8c160f; --unsure: #6b4200; --waived: #502a74; --rehearsed: #174a78; }
  @page { margin: 16mm 14mm; }
  html { font-size: 12.5px; }
  body { font-size: .95rem; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .verdict, main, footer { max-width: none; padding-inline: 0; }
  .verdict { padding-top: 1rem; }
  .verdict::before, .skip { display: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
  summary::before { content: ""; }
  .body { padding-left: 3rem; }
  tr, summary, .signatures li, .sheet > div, pre { break-inside: avoid; }
  h2, h4, summary { break-after: avoid; }
  .wide, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
}
`;

export const layout = `${top}${tables}${bodies}${media}`;
