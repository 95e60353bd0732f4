import { expect, test } from 'vitest';
import { withActs } from './fixtures/with-acts.ts';
import { annotations, jobSummary } from './github.ts';
import { renderHtml } from './html.ts';
import { renderJunit } from './junit.ts';

const { statement, context } = withActs();
const page = renderHtml(statement, context);

test('what still stands is the first thing that a reader meets', () => {
  const notices = page.slice(page.indexOf('class="notices"'));
  expect(notices).toMatch(/^class="notices" aria-label="Read this first"><ul><li><b>Not undone\.<\/b>/);
  expect(annotations(statement)[0]).toContain('NOT UNDONE');
  expect(jobSummary(statement)).toMatch(/\| --- \| --- \| --- \|\n\| NOT UNDONE \| smoke \|/);
  expect(renderJunit(statement)).toContain('name="smoke: undo"');
  expect(renderJunit(statement)).toContain('not undone: expected');
});

test('a watch is drawn: each state with a shape of its own, gaps shaded, the fact as a line that gaps break', () => {
  const chart = page.slice(
    page.indexOf('<figure class="drawn watched">'),
    page.indexOf('</svg>', page.indexOf('<figure class="drawn watched">')),
  );
  expect(chart.match(/<circle class="mark good"/g)).toHaveLength(13 + 1);
  expect(chart.match(/class="cross bad"/g)).toHaveLength(1 + 1);
  expect(chart.match(/class="mark unsure"/g)).toHaveLength(1 + 1);
  // After the error, between the tenth sample and the next, and from the failure to the end; one in the legend.
  expect(chart.match(/class="gap"/g)).toHaveLength(3 + 1);
  const line = /<path class="line" d="([^"]*)"/.exec(chart)?.[1] ?? '';
  expect(line.match(/M/g)).toHaveLength(3);
  expect(page).toContain('15 samples, 1 failed, 1 could not measure; 44 % of 15 min 0 s observed');
});

test('a watch took as long as it lasted', () => {
  expect(page).toContain('8 min 31 s');
  expect(renderJunit(statement)).toContain('time="511.000"');
});

test('the text of an expectation is text on the page', () => {
  const hostile = '<img src=x onerror=alert(1)>';
  const { statement: poisoned } = withActs(hostile);
  expect(renderHtml(poisoned, context)).not.toContain(hostile);
});
