import { describe, expect, it } from 'vitest';
import { planGate } from './plan.ts';
import type { Gate, GateItem } from './schema.ts';

const gate = (...items: Partial<GateItem>[]): Gate => ({
  gate: 'g',
  title: 'G',
  environment: 'local',
  items: items.map((item) => ({
    title: 't',
    ...(item.attest ? {} : { check: 'http' }),
    ...item,
  })) as GateItem[],
  sign: { require: [{ role: 'r' }] },
});

describe('plan', () => {
  it('puts items that need nothing of each other in one level', () => {
    const { levels, problems } = planGate(
      gate({ id: 'd', needs: ['b', 'c'] }, { id: 'a' }, { id: 'b', needs: ['a'] }, { id: 'c', needs: ['a'] }),
    );
    expect(problems).toEqual([]);
    expect(levels.map((level) => level.map(({ id }) => id))).toEqual([['a'], ['b', 'c'], ['d']]);
  });

  it.each([
    [
      'a cycle',
      gate({ id: 'a', needs: ['b'] }, { id: 'b', needs: ['a'] }),
      'these items need each other: a -> b -> a',
    ],
    ['a need of itself', gate({ id: 'a', needs: ['a'] }), '`a` needs itself'],
    ['an unknown need', gate({ id: 'a', needs: ['x'] }), 'needs `x`, which is not an item'],
    ['two items of one id', gate({ id: 'a' }, { id: 'a' }), 'there are two items `a`'],
    [
      'an item that nobody answers',
      gate({ id: 'a', check: undefined as never }),
      'needs either `check` or `attest`',
    ],
    [
      'a person with expectations',
      gate({ id: 'a', attest: { role: 'r' }, expect: ['x'] }),
      'is attested by a person',
    ],
    [
      'a statement about nothing',
      gate({ id: 'a', attest: { role: 'r', about: ['z'] } }),
      'there is no item `z`',
    ],
  ])('T23: refuses %s', (_name, broken, message) => {
    expect(
      planGate(broken)
        .problems.map((problem) => problem.message)
        .join(),
    ).toContain(message);
  });
});
