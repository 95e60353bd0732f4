import { expect, test } from 'vitest';
import { dot, windows, withFigures } from './fixtures/with-figures.ts';
import { picturesToShow } from './html/pictures.ts';
import { renderHtml } from './html.ts';

const pageOf = (...given: Parameters<typeof withFigures>): string => {
  const { statement, context } = withFigures(...given);
  return renderHtml(statement, context);
};

test('percentiles of each window are drawn, and the two bad minutes in half an hour stand out', () => {
  const page = pageOf();
  expect(page).toMatch(/<path class="p95" d="M[\d.]+ [\d.]+L/);
  expect(page).toContain('worst p95 733 ms, 08:20:30 UTC');
  expect(page.match(/<rect class="failed"[^>]*><title>/g)).toHaveLength(4);
  expect(page).toContain('<summary>60 windows in numbers</summary>');
  expect(page).not.toContain('<dt>windows</dt>');
});

test('a window in which nothing ended leaves a gap', () => {
  const gap = windows.map((window, index) => (index === 10 ? { ...window, requests: 0 } : window));
  const [, path = ''] = /<path class="p50" d="([^"]+)"/.exec(pageOf(dot, gap)) ?? [];
  expect(path.match(/M/g)).toHaveLength(2);
});

test.each([
  ['a time that is none', { start: '2026-11-25T08:00:00Z"><script>alert(1)</script>' }],
  ['a number that is a text', { p95_ms: '1"/><script>alert(1)</script>' }],
  ['a number below zero', { p50_ms: -1 }],
  ['no requests', { requests: undefined }],
  ['something more to say', { note: 'measured with a warm cache' }],
])('facts with %s are listed, never drawn', (_name, broken) => {
  const page = pageOf(
    dot,
    windows.map((window, index) => (index === 3 ? { ...window, ...broken } : window)),
  );
  expect(page).not.toContain('<figure class="drawn">');
  expect(page).not.toContain('<script');
  expect(page).toContain('<dt>windows</dt>');
});

test('a picture of what failed is part of the page, and the browser may show nothing else', () => {
  const page = pageOf();
  expect(page.match(/<img [^>]*>/g)).toEqual([
    `<img alt="tests/1-a-purchase/1-test-failed-1.png" src="data:image/png;base64,${dot.toString('base64')}">`,
  ]);
  expect(page).toContain("; img-src data:; base-uri 'none'");
});

test('a picture whose bytes are not there is not shown, and nothing may be', () => {
  const { statement, context } = withFigures();
  const page = renderHtml(statement, { ...context, pictures: new Map() });
  expect(page).not.toContain('<img');
  expect(page).not.toContain('img-src');
});

test('pictures of what passed, too large ones, and what is no PNG by name stay in the evidence', () => {
  const { statement } = withFigures();
  const { predicate } = statement;
  const shown = (change: object) =>
    picturesToShow({
      ...predicate,
      items: predicate.items.map((item) => ({
        ...item,
        attempts: item.attempts.map((attempt) => ({
          ...attempt,
          artifacts: attempt.artifacts.map((file) => ({ ...file, ...change })),
        })),
      })),
    });
  expect(picturesToShow(predicate)).toHaveLength(1);
  expect(shown({ media_type: 'image/svg+xml' })).toEqual([]);
  expect(shown({ media_type: 'image/png', bytes: 1024 * 1024 + 1 })).toEqual([]);
  const passed = predicate.items.map((item) => ({ ...item, state: 'passed' as const }));
  expect(picturesToShow({ ...predicate, items: passed })).toEqual([]);
});
