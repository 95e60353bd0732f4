import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { CountersignError } from '#harness/errors.ts';
import { fuzzLint } from '#scripts/fuzz-lint.ts';
import { whyUnfit } from '#scripts/fuzz-lint-worker.ts';
import { lintOracle } from '#scripts/lint-oracle.ts';

it('spoilt gates give findings with a place, none of them a stack trace, a hang or a pass', async () => {
  const { findings, linted, accepted } = await fuzzLint({ count: 60, seed: 20, workers: 1 });
  expect(findings).toEqual([]);
  expect(linted).toBe(60);
  expect(accepted).toBeLessThan(60);
});

it('tells an error of ours from a defect', () => {
  const where = { file: 'a.gate.yml', line: 1, column: 1 };
  expect(whyUnfit(new CountersignError('CONFIG_INVALID', 'there is no `x`', { where }))).toBeUndefined();
  expect(whyUnfit(new CountersignError('CONFIG_INVALID', 'there is no `x`'))).toContain('no place');
  expect(whyUnfit(new CountersignError('CONFIG_INVALID', '[object Object]', { where }))).toContain('nothing');
  expect(whyUnfit(new CountersignError('INTERNAL', 'oh', { where }))).toContain('INTERNAL');
  expect(whyUnfit(new TypeError('x is not a function'))).toContain('no error of ours');
});

it('the oracle sees what a gate can not be', async () => {
  const oracle = await lintOracle(process.cwd());
  const text = await readFile('checklists/mono-staging-dry-run.gate.yml', 'utf8');
  const of = (changed: string) => oracle(Buffer.from(changed));
  expect(of(text)).toBeUndefined();
  expect(of(text.replace('title: Mono', 'titel: Mono'))).toContain('title');
  expect(of(text.replace('- id: ready', '- id: settings'))).toContain('same id');
  expect(of(text.replace('needs: [ready]', 'needs: [build]'))).toContain('needs itself');
  expect(of(text.replace('needs: [ready]', 'needs: [reddy]'))).toContain('reddy');
  expect(of(`${text}\n\tx`)).toContain('YAML');
  const live = await readFile('checklists/mono-production-release.gate.yml', 'utf8');
  expect(of(live)).toBeUndefined();
  expect(of(live.replace('    cutover: true\n', ''))).toContain('there is no cutover');
  const item = { title: 'x', check: 'http' };
  const items = [
    { ...item, id: 'on', cutover: true, needs: ['before'] },
    { ...item, id: 'open', at: 'cutover' },
    { ...item, id: 'before', needs: ['open'] },
  ];
  const gate = { gate: 'g', title: 'G', environment: 'local', items, sign: { require: [{ role: 'r' }] } };
  expect(of(JSON.stringify(gate))).toContain('needs itself');
});
