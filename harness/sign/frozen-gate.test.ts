import { expect, it } from 'vitest';
import { readGate } from './frozen-gate.ts';

const plain = `---
gate: sample
title: Sample
environment: staging
items:
  - id: smoke
    title: Smoke
    check: script
    with: {run: scripts/smoke.ts}
sign:
  require: [{role: engineering}]
`;

it('reads the same gate from plain YAML and from any other', () => {
  const gate = readGate(Buffer.from(plain));
  expect(gate.items).toEqual([
    { id: 'smoke', title: 'Smoke', check: 'script', with: { run: 'scripts/smoke.ts' } },
  ]);
  expect(readGate(Buffer.from(plain.replace('title: Sample', 'title: &a Sample')))).toEqual(gate);
});

it('never answers with the gate of other bytes', () => {
  readGate(Buffer.from(plain));
  expect(readGate(Buffer.from(plain.replace('smoke\n', 'totals\n'))).items[0]?.id).toBe('totals');
});

it('tells the place of what is wrong', () => {
  const wrong = Buffer.from(plain.replace('check: script', 'chekc: script'));
  expect(() => readGate(wrong)).toThrow(
    expect.objectContaining({ where: { file: 'gate.yml', line: 8, column: 5 } }),
  );
});
