import { chartStyle } from '../../checks/window-chart.ts';
import { layout } from './layout.ts';
import { watchStyle } from './watch-chart.ts';

/** Ink on paper: colour is kept for states, and each state has a word and a sign besides. */
const colours = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf7; --raised: #f4f2ea; --ink: #1d1c19; --quiet: #625e54; --rule: #d9d4c5; --link: #1d4e7a;
  --good: #1c6b41; --bad: #a5231b; --unsure: #875400; --waived: #66398f; --rehearsed: #20598c;
  --p50: #4b7f52; --p95: #1f5fa8; --p99: #8a4fa3;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", "Book Antiqua", "P052", Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171714; --raised: #21201c; --ink: #ebe8df; --quiet: #a5a092; --rule: #3a3831; --link: #93bfe6;
    --good: #79c79a; --bad: #f0857c; --unsure: #e0ac55; --waived: #c7a2ea; --rehearsed: #8cbbe6;
    --p50: #8fc596; --p95: #86b8ee; --p99: #cf9fe4;
  }
}
.good { --tone: var(--good); }
.bad { --tone: var(--bad); }
.unsure { --tone: var(--unsure); }
.waived { --tone: var(--waived); }
.rehearsed { --tone: var(--rehearsed); }
`;

const text = `
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 400 15px/1.5 var(--sans); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
h1, h2 { font-family: var(--serif); font-weight: 600; text-wrap: balance; }
h2 { margin: 0 0 .75rem; font-size: 1.3rem; line-height: 1.25; }
h4 { margin: 1.1rem 0 .35rem; color: var(--quiet); font-size: .8rem; font-weight: 600; }
p { margin: 0 0 .6rem; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .18em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; border-radius: 2px; }
code, pre { font-family: var(--mono); font-size: .86em; }
small { font-size: .8em; font-weight: 400; }
.quiet, .utc, .none, .covers { color: var(--quiet); }
.utc { white-space: nowrap; }
.digest { color: var(--quiet); font-size: .76em; word-break: break-all; }
.state { color: var(--tone); font-weight: 600; white-space: nowrap; }
.state > [aria-hidden] { display: inline-block; width: 1.1em; text-align: center; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; z-index: 1; padding: .4rem .8rem; background: var(--paper); }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
`;

const figures = `
figure { margin: .6rem 0 1rem; }
figcaption { font-size: .82rem; }
.drawn .chart { max-width: 52rem; }
.numbers > summary { display: list-item; width: fit-content; padding: .2rem 0; color: var(--link); font-size: .88rem; list-style: disclosure-closed inside; }
.numbers[open] > summary { list-style-type: disclosure-open; }
.numbers > summary::before { content: none; }
.numbers .records :is(td, th) { white-space: nowrap; overflow-wrap: normal; text-align: end; }
.picture img { display: block; max-width: min(100%, 40rem); max-height: 34rem; border: 1px solid var(--rule); }
@media (max-width: 46rem) {
  .drawn .chart { font-size: 20px; }
  .drawn .chart .all { display: none; }
}
@media print {
  :root { --p50: #2f5f36; --p95: #123f73; --p99: #5b2a72; }
  figure { break-inside: avoid; }
  .numbers { display: none; }
}
`;

const said = `
.said ol { margin: 0; padding: 0; list-style: none; }
.said li { padding: .7rem 0 .7rem 1rem; border-top: 1px solid var(--rule); }
.said li:is(.bad, .unsure) { background: var(--raised); box-shadow: inset 3px 0 var(--tone); }
.said p { margin: 0; }
.said .did { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; }
.said :is(.when, .key) { font-size: .85rem; }
.said .state { white-space: normal; }
.said blockquote { white-space: pre-line; }
@media print { .said li { break-inside: avoid; } }
`;

export const style = `${colours}${text}${layout}${chartStyle}${watchStyle}${figures}${said}`;
