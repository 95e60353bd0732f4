import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { recompute } from '../gate/recompute.ts';
import { decide } from '../gate/verdict.ts';
import type { ItemReport, SignOff, Statement } from '../report/schema.ts';
import { act, actingProject, look, watch } from '../testing/acting-project.ts';
import { verifyFolder } from './verify.ts';

type Run = { folder: string; statement: Statement };

let halted: Run;
let gone: Run;
beforeAll(async () => {
  const project = await actingProject();
  const early = look('p', { fresh: { within: '2h', at: 'cutover' } });
  halted = await project.run({
    early,
    open: look('p', { at: 'cutover' }),
    on: act('on', { needs: ['early'], cutover: true }),
    next: act('next', {
      needs: ['on'],
      undo: { check: 'act', with: { word: 'x', ok: false }, expect: ['ok'] },
    }),
    seen: { ...watch('pf'), needs: ['next'] },
  });
  gone = await project.run({
    early,
    on: act('on', { needs: ['early'], cutover: true }),
    seen: watch('pfp', { failures: 1 }),
  });
});

/** What `verify` finds wrong with the run once its report says something else. */
async function foundAfter({ folder, statement }: Run, lie: (report: SignOff) => void): Promise<string> {
  const told = structuredClone(statement);
  lie(told.predicate);
  const { items, environment, relaxations } = told.predicate;
  Object.assign(told.predicate, decide({ items, rehearsal: environment.rehearsal, relaxations }));
  const file = join(folder, 'report.json');
  const before = await readFile(file);
  try {
    await writeFile(file, JSON.stringify(told));
    const bytes = await readFile(join(folder, 'signers.yml'));
    const { lines } = await verifyFolder({
      folder,
      signers: { bytes, parsed: { rehearsal: true, people: [] } },
      now: new Date(),
      version: 'another',
      recompute: (report) => recompute(folder, report),
    });
    const wrong = lines.filter(({ check, ok }) => !ok && ['told', 'verdict', 'policy'].includes(check));
    return wrong.map(({ text }) => text).join('\n');
  } finally {
    await writeFile(file, before);
  }
}

const of = ({ items }: SignOff, id: string) => items.find((item) => item.id === id) as ItemReport;

test('a runner that tells the truth is believed', async () => {
  expect(await foundAfter(halted, () => {})).toBe('');
  expect(await foundAfter(gone, () => {})).toBe('');
});

test.each<[string, 'halted' | 'gone', (report: SignOff) => void, string]>([
  [
    'gives the journal of another run for its own',
    'gone',
    ({ run }) => {
      run.id = 'acting-20261125T080000Z-0000';
    },
    'the journal is that of acting-',
  ],
  [
    'drops a sample that failed',
    'gone',
    (report) => {
      const { watch } = of(report, 'seen');
      if (watch)
        Object.assign(watch, { failed: 0, samples: watch.samples.filter(({ state }) => state === 'passed') });
    },
    'the samples of seen are not those of the journal',
  ],
  [
    'drops the watch',
    'gone',
    (report) => void delete of(report, 'seen').watch,
    'seen has no samples, and the gate says to watch it',
  ],
  [
    'ends a watch early and says that it passed',
    'gone',
    (report) => {
      const seen = of(report, 'seen');
      seen.watch?.samples.splice(1);
      seen.attempts = seen.watch?.samples.slice(-1) ?? [];
    },
    'the watch of seen does not add up to what its samples say',
  ],
  [
    'shortens a watch',
    'gone',
    (report) => void Object.assign(of(report, 'seen').watch ?? {}, { for_ms: 400 }),
    'the watch of seen was shorter or rarer than the gate says',
  ],
  [
    'divides its clocks and does not say so',
    'gone',
    (report) => void Object.assign(report.run, { rehearse: 60 }),
    'its clocks were divided by 60, and its relaxations do not say so',
  ],
  [
    'makes a failed sample a good one',
    'halted',
    (report) => {
      const seen = of(report, 'seen');
      for (const each of [...(seen.watch?.samples ?? []), ...seen.attempts]) each.state = 'passed';
      Object.assign(seen, { state: 'passed' });
    },
    'seen',
  ],
  [
    'tells of a measurement that was another one',
    'gone',
    (report) => void Object.assign(of(report, 'early').attempts[0] ?? {}, { facts: { ok: true, more: 1 } }),
    'the attempts of early are not those of the journal',
  ],
  [
    'tells of a measurement that never was',
    'gone',
    (report) => void of(report, 'early').attempts.push(...structuredClone(of(report, 'early').attempts)),
    'the attempts of early are not those of the journal',
  ],
  [
    'drops an undo',
    'halted',
    (report) => void delete of(report, 'next').undo,
    'next acted and seen is failed, and it was not undone',
  ],
  [
    'says that an undo passed',
    'halted',
    (report) => void Object.assign(of(report, 'next').undo ?? {}, { state: 'passed' }),
    'the stored facts of the undo of next give failed, the report says passed',
  ],
  [
    'changes what an undo was to show',
    'halted',
    (report) =>
      void Object.assign(of(report, 'next').undo?.attempts[0]?.expectations[0] ?? {}, { text: 'true' }),
    'the undo of next was not judged as the gate says',
  ],
  [
    'undoes what failed nowhere',
    'gone',
    (report) => void Object.assign(of(report, 'on'), { undo: { state: 'passed', attempts: [] } }),
    'on was undone, and nothing failed',
  ],
  [
    'undoes in another order',
    'halted',
    (report) => {
      const [one, two] = [of(report, 'on').undo, of(report, 'next').undo].map((undo) => undo?.attempts[0]);
      const [at, until] = [one?.started_at, one?.finished_at];
      if (one && two) {
        Object.assign(one, { started_at: two.started_at, finished_at: two.finished_at });
        Object.assign(two, { started_at: at, finished_at: '2099-01-01T00:00:00.000Z' });
      }
      expect(until).toBeDefined();
    },
    'on was undone before next, which began after it',
  ],
  [
    'drops the cutover',
    'gone',
    (report) => void delete of(report, 'on').cutover,
    'nobody looked at what was fresh when on began',
  ],
  [
    'moves the cutover',
    'gone',
    (report) => void Object.assign(of(report, 'on').cutover ?? {}, { at: '2099-01-01T00:00:00.000Z' }),
    'the cutover of on is not that of the journal',
  ],
  [
    'makes what was measured younger',
    'gone',
    (report) => void Object.assign(of(report, 'on').cutover?.fresh[0] ?? {}, { age_ms: 0 }),
    'what was fresh when on began is not what was measured',
  ],
  [
    'drops what had to be fresh',
    'gone',
    (report) => void of(report, 'on').cutover?.fresh.splice(0),
    'what was fresh when on began is not what was measured',
  ],
  [
    'measures earlier what was to be measured at the cutover',
    'halted',
    (report) => {
      const [attempt] = of(report, 'open').attempts;
      Object.assign(attempt ?? {}, { started_at: '2020-01-01T00:00:00.000Z' });
    },
    'open was not measured at the cutover',
  ],
])('a runner that %s is found out', async (_name, which, lie, message) => {
  expect(await foundAfter(which === 'halted' ? halted : gone, lie)).toContain(message);
});
