import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reachesBack, resolveWindow } from './window.ts';

const day = fc
  .date({ min: new Date('2001-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());

describe('M5: the window of a sync', () => {
  it('begins before any history for a full or a first sync', () => {
    expect(resolveWindow({ mode: 'full' }, '2026-11-20T09:30:00.000Z', 3).start).toBe('1970-01-01');
    expect(resolveWindow({ mode: 'incremental' }, null, 3).start).toBe('1970-01-01');
  });

  it('never begins after the cursor, and reaches back by the overlap', () => {
    fc.assert(
      fc.property(day, fc.integer({ min: 0, max: 90 }), (cursor, overlap) => {
        const { start, end } = resolveWindow({ mode: 'incremental' }, cursor, overlap);
        expect(end).toBeUndefined();
        expect(start <= cursor.slice(0, 10)).toBe(true);
        expect((Date.parse(cursor.slice(0, 10)) - Date.parse(start)) / 86_400_000).toBe(overlap);
      }),
    );
  });

  it('is the given range for a manual resync', () => {
    const range = { mode: 'incremental', start: '2026-01-01', end: '2026-01-31' } as const;
    expect(resolveWindow(range, null, 3)).toEqual({ start: '2026-01-01', end: '2026-01-31' });
  });

  it('takes the cursor along only when it leaves no gap before it', () => {
    const cursor = '2026-11-20T09:30:00.000Z';
    expect(
      ['1970-01-01', '2026-11-01', '2026-11-20', '2026-11-21'].map((start) => reachesBack(start, cursor)),
    ).toEqual([true, true, true, false]);
    expect(['1970-01-01', '1970-01-02', '2026-11-20'].map((start) => reachesBack(start, null))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it.each([
    [{ start: '2026-02-30' }],
    [{ start: '0000-01-01' }],
    [{ start: 'soon' }],
    [{ start: '2026-02-02', end: '2026-02-01' }],
  ])('refuses %o', (range) => {
    expect(() => resolveWindow({ mode: 'full', ...range }, null, 3)).toThrow();
  });
});
