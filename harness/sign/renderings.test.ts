import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dot, withFigures } from '../report/fixtures/with-figures.ts';
import { render } from './renderings.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-renderings-'));
  await mkdir(join(folder, 'evidence'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The page of a report that names `named` as evidence, where `stored` lies in its place. */
async function pageWith(named: Uint8Array, stored: Uint8Array | undefined): Promise<string> {
  const { statement, digest } = withFigures(named);
  const file = join(folder, 'evidence', digest);
  if (stored) await writeFile(file, stored);
  else await rm(file, { force: true });
  return (await render(folder, { sha256: 'a'.repeat(64), statement }))['report.html'];
}

test('the page shows the picture that the evidence holds, the same at every rendering', async () => {
  const page = await pageWith(dot, dot);
  expect(page).toContain(`src="data:image/png;base64,${dot.toString('base64')}"`);
  expect(await pageWith(dot, dot)).toBe(page);
});

test('a picture that is missing, was exchanged, or is none by its bytes is not shown', async () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>');
  const other = Buffer.concat([dot, Buffer.from('more')]);
  for (const [named, stored] of [
    [dot, undefined],
    [dot, other],
    [svg, svg],
  ] as const) {
    expect(await pageWith(named, stored)).not.toContain('<img');
  }
});
