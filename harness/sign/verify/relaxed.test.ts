import { expect, test } from 'vitest';
import { clockSetBack } from '../../gate/relaxation.ts';
import type { SignOff } from '../../report/schema.ts';
import { checkRelaxed } from './relaxed.ts';

const entry = (type: string, data: unknown) => ({ seq: 1, at: '', prev: '', hash: '', type, data });
const findings = (relaxations: string[], setBacks: number[]) =>
  checkRelaxed({ relaxations } as SignOff, [
    entry('run-started', {}),
    ...setBacks.map((by_ms) => entry('clock-set-back', { by_ms })),
  ]).map(({ text }) => text);

test('T20: a clock that was set back can not be left out of the report, nor told of less often', () => {
  const hour = clockSetBack(3_600_000);
  expect(findings([], [])).toEqual([]);
  expect(findings([hour, 'another'], [3_600_000])).toEqual([]);
  expect(findings(['another'], [3_600_000])).toEqual([`the report does not say: ${hour}`]);
  expect(findings([hour], [3_600_000, 3_600_000])).toHaveLength(1);
  expect(findings([hour], [60_000])).toHaveLength(1);
});
