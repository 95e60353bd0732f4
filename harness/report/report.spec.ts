import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, type Page, test } from '@playwright/test';
import { sampleReport } from '../testing/sample-report.ts';
import { withFigures } from './fixtures/with-figures.ts';
import { renderHtml } from './html.ts';

let folder: string;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-report-'));
  for (const kind of ['rehearsal', 'no-go'] as const) {
    const { statement, context } = sampleReport(kind);
    await writeFile(join(folder, `${kind}.html`), renderHtml(statement, context));
  }
  const { statement, context } = withFigures();
  await writeFile(join(folder, 'figures.html'), renderHtml(statement, context));
});

test.afterAll(() => rm(folder, { recursive: true }));

async function open(page: Page, kind: 'rehearsal' | 'no-go' | 'figures'): Promise<void> {
  await page.goto(pathToFileURL(join(folder, `${kind}.html`)).href);
}

test('a reader meets the verdict, the warnings and the signatures first', async ({ page }) => {
  await open(page, 'rehearsal');
  await expect(page).toHaveTitle('REHEARSAL GO: Mono staging dry run');
  await expect(page.getByRole('banner').getByRole('heading', { level: 1 })).toHaveText(
    'Mono staging dry run',
  );
  await expect(page.getByRole('banner')).toContainText('Rehearsal go');
  const first = page.getByRole('complementary', { name: 'Read this first' }).getByRole('listitem');
  await expect(first).toHaveCount(3);
  await expect(first.nth(2)).toContainText('no earlier release is known');
  const signatures = page.getByRole('region', { name: 'Signatures' }).getByRole('listitem');
  await expect(signatures).toHaveCount(2);
  await expect(signatures.nth(1)).toContainText('not signed');
  const headings = await page.getByRole('heading', { level: 2 }).allTextContents();
  expect(headings).toEqual([
    'Signatures',
    'Items',
    'What was measured',
    'Release and circumstances',
    'How to check this report',
  ]);
});

test('the table of items has headers for rows and columns, and a word for each state', async ({ page }) => {
  await open(page, 'no-go');
  const table = page.getByRole('region', { name: 'Items' }).getByRole('table');
  await expect(table.getByRole('columnheader')).toHaveText(['State', 'Item', 'Why', 'Took']);
  await expect(table.getByRole('rowheader')).toHaveCount(5);
  await expect(table.getByRole('row', { name: /Totals of the provider/ })).toContainText('failed');
});

test('the reason leads to what was measured, which is open where something went wrong', async ({ page }) => {
  await open(page, 'no-go');
  await page.getByRole('region', { name: 'Why it is a no go' }).getByRole('link', { name: 'totals' }).click();
  await expect(page).toHaveURL(/#item-totals$/);
  const failed = page.locator('#item-totals');
  await expect(failed).toHaveAttribute('open', '');
  await expect(failed.getByText('18250175').first()).toBeVisible();
  const passed = page.locator('#item-alerts');
  await expect(passed.getByText('armed == 9')).toBeHidden();
  await passed.locator('summary').click();
  await expect(passed.getByText('armed == 9')).toBeVisible();
});

test('the page asks nobody for anything, and the browser finds nothing to refuse', async ({ page }) => {
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await open(page, 'figures');
  // A picture that is part of the page is no question to anybody.
  expect(requests.filter((url) => !url.startsWith('data:'))).toHaveLength(1);
  expect(complaints).toEqual([]);
  const picture = page.getByRole('img', { name: 'test-failed-1.png' });
  await expect(picture).toHaveJSProperty('naturalWidth', 1);
  const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
  expect(background, 'the style was applied').toBe('rgb(252, 251, 247)');
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every text stands out from the paper (${colorScheme})`, async ({ page }) => {
    const faintTexts = await readFile(join(import.meta.dirname, 'fixtures', 'faint-texts.js'), 'utf8');
    await page.emulateMedia({ colorScheme });
    for (const kind of ['rehearsal', 'no-go', 'figures'] as const) {
      await open(page, kind);
      await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
      expect(await page.evaluate(faintTexts)).toEqual([]);
    }
  });
}

test('the measure of contrast finds a text that is too faint', async ({ page }) => {
  const faintTexts = await readFile(join(import.meta.dirname, 'fixtures', 'faint-texts.js'), 'utf8');
  await open(page, 'no-go');
  await page.evaluate("document.querySelector('h1').style.color = '#aaa'");
  expect(await page.evaluate(faintTexts)).toEqual([expect.stringMatching(/^Mono staging dry run: 2/)]);
});

test('on a phone nothing runs over the edge', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const kind of ['rehearsal', 'no-go', 'figures'] as const) {
    await open(page, kind);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
  }
});

test('the chart says in words what it shows, and on a phone the worst window is in sight', async ({
  page,
}) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page, 'figures');
  const chart = page.getByRole('img', { name: /Latency in 60 windows; the highest p95 is 733 ms/ });
  await expect(chart).toBeVisible();
  const worst = await chart.locator('.worst').boundingBox();
  expect((worst?.x ?? 999) + (worst?.width ?? 0)).toBeLessThanOrEqual(360);
  await page.getByText('60 windows in numbers').click();
  await expect(page.getByRole('row', { name: /08:20:30/ })).toContainText('733');
});

test('on paper everything is unfolded', async ({ page }) => {
  await open(page, 'no-go');
  await page.emulateMedia({ media: 'print' });
  await expect(page.locator('#item-alerts').getByText('armed == 9')).toBeVisible();
  const pdf = await page.pdf({ format: 'A4' });
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  expect(pdf.length).toBeGreaterThan(20_000);
});
