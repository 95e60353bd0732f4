import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const repo = resolve(import.meta.dirname, '..');

/** Rows of the requirements that are built: each is named by a test, or by an item of a gate. */
const rows = [
  ...Array.from({ length: 17 }, (_, index) => `M${index + 1}`),
  'M19',
  'M20',
  'D1',
  'D2',
  'D3',
  'D4',
  'D6',
  'D7',
  'D9',
  'D10',
  ...Array.from({ length: 11 }, (_, index) => `N${index + 1}`),
  'H1',
  'H2',
  'H3',
  'H4',
];

function rowsNamedIn(pattern: string, line: RegExp): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of globSync(pattern, { cwd: repo, exclude: (name) => name === 'node_modules' })) {
    const lines = readFileSync(resolve(repo, file), 'utf8')
      .split('\n')
      .filter((text) => line.test(text));
    for (const [row] of lines.join('\n').matchAll(/\b[A-Z][0-9]{1,2}\b/g))
      found.set(row, [...(found.get(row) ?? []), file]);
  }
  return found;
}

describe('requirements', () => {
  const tests = rowsNamedIn(
    '{pipeline,harness,scripts,smoke,synthetics,alerts,dashboards,checklists}/**/*.test.ts',
    /\b(it|describe|it\.each.*)\(|^\s*['"`]|^\s*\(?['"`]/,
  );
  const items = rowsNamedIn('checklists/*.gate.yml', /^ +covers:/);

  it.each(rows)('%s is named by a test or by an item of a gate', (row) => {
    expect([...(tests.get(row) ?? []), ...(items.get(row) ?? [])]).not.toEqual([]);
  });
});
