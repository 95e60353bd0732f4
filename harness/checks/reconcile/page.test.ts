import { readFile } from 'node:fs/promises';
import Value from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkExpectation } from '../../gate/evaluate.ts';
import type { FactSchema } from '../../gate/facts.ts';
import { ReconcileOptions } from './options.ts';
import reconcile from './reconcile.ts';

const page = await readFile(new URL('reconcile.md', import.meta.url), 'utf8');

describe('the page of reconcile', () => {
  it('has an example whose options fit, lint clean, and whose expectations check against the facts', async () => {
    const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)];
    expect(blocks).toHaveLength(1);
    const [item] = parse(blocks[0]?.[1] ?? '');
    expect([...Value.Errors(ReconcileOptions, item.with)]).toEqual([]);
    const report = (path: readonly unknown[], message: string) => expect.unreachable(`${path}: ${message}`);
    await reconcile.lint?.(item.with, { root: '.', environment: undefined, report });
    for (const text of [...item.expect, ...reconcile.expect]) {
      expect(checkExpectation(text, reconcile.facts as FactSchema)).toBeUndefined();
    }
  });

  it('names every option and every fact', () => {
    const names = [...Object.keys(ReconcileOptions.properties), ...Object.keys(reconcile.facts.properties)];
    for (const name of names) expect(page).toContain(`\`${name}`);
  });
});
