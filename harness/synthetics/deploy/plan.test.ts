import { describe, expect, it } from 'vitest';
import { changesBetween, planOf, withoutNothing } from './plan.ts';

const service = { comparable: (payload: Record<string, unknown>) => payload, fixed: 'type' };
const wanted = (check: string, payload = {}) => ({ check, marker: `id/env/${check}`, payload });
const found = (id: string, check: string, payload = {}) => ({ id, marker: `id/env/${check}`, payload });

describe('the plan of a deployment', () => {
  it('keeps the order of the file, and puts what the file does not have last', () => {
    const plan = planOf(
      [wanted('b'), wanted('a', { x: 1 }), wanted('c')],
      [found('3', 'gone'), found('2', 'a', { x: 2 }), found('1', 'c')],
      service,
    );
    expect(plan.differences.map(({ kind, check }) => `${kind} ${check}`)).toEqual([
      'create b',
      'update a',
      'delete gone',
    ]);
    expect(plan.unchanged).toEqual(['c']);
  });

  it('keeps the first of several with one marker, whatever the order in which they came', () => {
    const two = [found('2', 'a'), found('1', 'a')];
    for (const list of [two, two.toReversed()]) {
      const { differences, unchanged } = planOf([wanted('a')], list, service);
      expect([unchanged, differences]).toMatchObject([['a'], [{ kind: 'delete', found: { id: '2' } }]]);
    }
  });

  it('replaces what a service can not change', () => {
    const { differences } = planOf([wanted('a', { type: 'y' })], [found('1', 'a', { type: 'x' })], service);
    expect(differences).toMatchObject([{ kind: 'update', replace: true }]);
  });

  it('goes into objects, and takes lists as one value', () => {
    expect(changesBetween({ a: { b: 1, c: [1] }, gone: 1 }, { a: { b: 2, c: [2] }, made: { d: 1 } })).toEqual(
      [
        { field: 'a.b', from: 1, to: 2 },
        { field: 'a.c', from: [1], to: [2] },
        { field: 'gone', from: 1 },
        { field: 'made', to: { d: 1 } },
      ],
    );
  });

  it('takes what says nothing for the same as what is not there, but not zero', () => {
    expect(withoutNothing({ a: null, b: '', c: [], d: { e: false, f: {} }, g: 0, h: [{ i: null }] })).toEqual(
      {
        g: 0,
        h: [{}],
      },
    );
  });
});
