import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFile } from '../../testing/any-checks.ts';
import { exportable } from '../../testing/exportable.ts';
import { wholeFile } from './define.ts';
import { loadTarget, targetNames } from './index.ts';

/** What every target keeps to. */
describe.each(targetNames)('%s', (name) => {
  it('writes the same bytes for the same checks, and changes none of them', async () => {
    const target = await loadTarget(name);
    fc.assert(
      fc.property(anyFile, (file) => {
        const before = frozen(exportable(file));
        const [once, again] = [
          target.export(before, { settings: {} }),
          target.export(before, { settings: {} }),
        ];
        expect(again).toEqual(once);
      }),
      { numRuns: 50 },
    );
  });

  it('writes each check, or says that it is left out; each loss is about a check and has a reason', async () => {
    const target = await loadTarget(name);
    fc.assert(
      fc.property(anyFile, (file) => {
        const before = exportable(file);
        const { files, losses } = target.export(before, { settings: {} });
        const text = files.map((each) => each.text).join('');
        const names = before.checks.map((check) => check.name);
        for (const check of names) {
          const isLeftOut = losses.some((loss) => loss.check === check && loss.why.includes('left out'));
          expect(isLeftOut || text.includes(check) || text.includes(check.replaceAll('_', '-')), check).toBe(
            true,
          );
        }
        for (const { check, field, why } of losses) {
          expect([...names, wholeFile]).toContain(check);
          expect(field).not.toBe('');
          expect(why).not.toBe('');
        }
      }),
      { numRuns: 50 },
    );
  });
});

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) frozen(each);
  return Object.freeze(value);
}
