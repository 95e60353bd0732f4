import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { systemClock } from '../commands/clock.ts';
import { openProject, type Project } from '../config/project.ts';
import { testProject } from '../testing/cli.ts';
import { recompute } from './recompute.ts';
import { resumeGate } from './resume.ts';
import type { RunListener } from './run.ts';
import { type GateRun, runGate } from './session.ts';

const api = fileURLToPath(new URL('../index.ts', import.meta.url));

/** `act` writes a word down, `look` passes, fails or can't tell as its letters say, one an attempt, the last for ever. */
const config = `import { appendFile } from 'node:fs/promises';
import { defineCheck, Options } from ${JSON.stringify(api)};
import Type from ${JSON.stringify(import.meta.resolve('typebox'))};
const facts = Type.Object({ ok: Type.Boolean() });
export default { checks: [
  defineCheck({
    kind: 'act', summary: 'Write a word down', effects: 'writes', facts, expect: ['ok'],
    options: Options({ word: Type.String(), ok: Type.Boolean({ default: true }) }),
    async measure({ word, ok }, context) {
      await appendFile(context.resolve('log.txt'), word + '\\n');
      return { facts: { ok } };
    },
  }),
  defineCheck({
    kind: 'look', summary: 'Say what it was told to', effects: 'reads', facts, expect: ['ok'],
    options: Options({ letters: Type.String() }),
    async measure({ letters }, { attempt, artifact }) {
      const letter = letters[Math.min(attempt, letters.length) - 1];
      await artifact('seen.txt', letter + attempt);
      if (letter === 'e') throw new Error('nothing to be seen');
      return { facts: { ok: letter === 'p' } };
    },
  }),
] };
`;

let project: Project;
beforeAll(async () => {
  const root = await testProject({
    'countersign.config.ts': config,
    'checklists/environments.yml': stringify({
      environments: { local: { title: 'Local', rehearsal: true, writes: true } },
    }),
  });
  project = await openProject(root);
});

type Items = Record<string, object>;

const act = (word: string, more: object = {}) => ({
  check: 'act',
  with: { word },
  undo: { check: 'act', with: { word: `un-${word}` } },
  ...more,
});
const look = (letters: string, more: object = {}) => ({ check: 'look', with: { letters }, ...more });
const watch = (letters: string, more: object = {}) =>
  look(letters, { watch: { for: '1s', every: '200ms', ...more } });

async function prepare(items: Items, more: object = {}): Promise<void> {
  const gate = {
    gate: 'acting',
    title: 'Acting',
    environment: 'local',
    ...more,
    items: Object.entries(items).map(([id, item]) => ({ id, title: id, ...item })),
    sign: { require: [{ role: 'qa' }] },
  };
  await writeFile(join(project.root, 'checklists/acting.gate.yml'), stringify(gate));
  await writeFile(join(project.root, 'log.txt'), '');
}

const quiet: RunListener = { started() {}, progress() {}, attempted() {}, finished() {} };
const options = (listener: Partial<RunListener> = {}, signal = new AbortController().signal) => ({
  project,
  cwd: project.root,
  gate: 'acting',
  env: {},
  clock: systemClock,
  signal,
  listener: { ...quiet, ...listener },
  say() {},
});

async function run(items: Items, more: object = {}) {
  await prepare(items, more);
  return told(await runGate(options()));
}

/** What a run says, once it was judged again from its folder and gave the same. */
async function told({ folder, statement }: GateRun) {
  const { predicate } = statement;
  const again = await recompute(folder, statement);
  expect(again.decision).toBe(predicate.decision);
  expect(again.items).toEqual(predicate.items.map(({ id, state }) => ({ id, state })));
  const item = (id: string) => predicate.items.find((each) => each.id === id);
  return { folder, predicate, item, log: await written() };
}

async function written(): Promise<string[]> {
  return (await readFile(join(project.root, 'log.txt'), 'utf8')).split('\n').filter(Boolean);
}

async function lines(folder: string, type: string): Promise<{ id?: string }[]> {
  const text = await readFile(join(folder, 'journal.jsonl'), 'utf8');
  const entries = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; data: object });
  return entries.filter((entry) => entry.type === type).map(({ data }) => data);
}

describe('a watched item', () => {
  it('passes with a sample from its end, and keeps the evidence of its first, last and odd samples', async () => {
    const { item, predicate, folder } = await run({ seen: watch('pppfp', { failures: 1 }) });
    expect(item('seen')).toMatchObject({
      state: 'passed',
      watch: { for_ms: 1_000, every_ms: 200, failed: 1, errors: 0, observed_ms: 1_000 },
    });
    const samples = item('seen')?.watch?.samples ?? [];
    expect(samples.length).toBe((await lines(folder, 'watch-sample')).length);
    expect(item('seen')?.attempts).toEqual(samples.slice(-1));
    const kept = samples.flatMap(({ artifacts }, index) => (artifacts.length > 0 ? [index + 1] : []));
    expect(kept).toEqual([1, 4, samples.length]);
    const names = predicate.evidence.files.map(({ name }) => name).filter((name) => name.startsWith('seen/'));
    expect(names).toEqual(kept.map((number) => `seen/${number}/seen.txt`));
  });

  it('fails at once with one failure too many, and is an error after errors in a row', async () => {
    const { item, predicate } = await run({
      bad: watch('pf'),
      blind: watch('pe', { consecutive_errors: 2 }),
    });
    expect(item('bad')).toMatchObject({
      state: 'failed',
      reason: '1 of 2 samples failed; none may: expected `ok`, but ok = false',
    });
    expect(item('bad')?.watch?.samples).toHaveLength(2);
    expect(item('blind')).toMatchObject({
      state: 'error',
      reason: '2 samples in a row could not measure: nothing to be seen',
    });
    expect(predicate.decision).toBe('NO_GO');
  });

  it('that is broken off goes on with what it saw, and what nobody saw is not counted as seen', async () => {
    await prepare({ seen: look('p', { watch: { for: '2s', every: '200ms' } }) });
    const stop = new AbortController();
    const samples: string[] = [];
    const progress: RunListener['progress'] = (_item, note) => {
      if (samples.push(note) === 3) stop.abort();
    };
    await expect(runGate(options({ progress }, stop.signal))).rejects.toThrow('interrupted');
    await new Promise((done) => setTimeout(done, 900));
    const { item } = await told(
      await resumeGate({ ...options(), run: 'latest', repeat: [], giveUp: [], who: 'ada' }),
    );
    expect(item('seen')).toMatchObject({
      state: 'error',
      reason: expect.stringMatching(/^only [5-8][0-9] % of the time was observed; at least 90 % has to be/),
    });
    expect(item('seen')?.watch?.samples.length).toBeGreaterThan(3);
  });
});

describe('what acted', () => {
  const failing = {
    one: act('one'),
    two: act('two', { needs: ['one'] }),
    three: act('three', { needs: ['two'] }),
    bad: look('f', { needs: ['two'] }),
    seen: look('p', { needs: ['one'], watch: { for: '20m', every: '200ms' } }),
    after: look('p', { needs: ['seen'] }),
    later: look('p', { needs: ['three'] }),
  };

  it('is undone when another item fails: the last first, each once, and nothing begins any more', async () => {
    const { item, log, predicate, folder } = await run(failing, { timeout: '2h' });
    const acted = log.filter((word) => !word.startsWith('un-'));
    expect(log.slice(acted.length)).toEqual(acted.toReversed().map((word) => `un-${word}`));
    expect(await lines(folder, 'undo-finished')).toHaveLength(acted.length);
    expect(await lines(folder, 'run-halted')).toEqual([{ because: 'bad' }]);
    expect(item('one')).toMatchObject({ state: 'passed', undo: { state: 'passed' } });
    expect(item('seen')).toMatchObject({
      state: 'error',
      reason: expect.stringMatching(/^stopped: `bad` did not pass: it was watched for/),
    });
    expect(item('after')?.state).toBe('blocked');
    expect(predicate.decision).toBe('NO_GO');
  });

  it('does not begin once something has failed', async () => {
    const { item, log } = await run(
      { bad: look('f'), mid: look('p'), on: act('on', { needs: ['mid'] }) },
      { concurrency: 1 },
    );
    expect(item('on')).toMatchObject({ state: 'blocked', reason: 'it did not begin: `bad` did not pass' });
    expect(log).toEqual([]);
  });

  it('and can not be undone is told before all else, and keeps nothing else from being undone', async () => {
    const { log, predicate, item } = await run({
      one: act('one'),
      two: act('two', { needs: ['one'], undo: { check: 'act', with: { word: 'un-two', ok: false } } }),
      bad: look('e', { needs: ['two'] }),
    });
    expect(log).toEqual(['one', 'two', 'un-two', 'un-one']);
    expect(item('two')?.undo).toMatchObject({ state: 'failed', reason: 'expected `ok`, but ok = false' });
    expect(predicate.reasons[0]).toEqual({
      item: 'two',
      state: 'failed',
      text: 'NOT UNDONE: expected `ok`, but ok = false',
    });
    expect(predicate.decision).toBe('NO_GO');
  });

  it('is undone when it fails itself, and when the deadline passes', async () => {
    expect((await run({ on: act('on', { with: { word: 'on', ok: false } }) })).log).toEqual(['on', 'un-on']);
    const late = {
      on: act('on'),
      seen: look('p', { needs: ['on'], watch: { for: '900ms', every: '200ms' } }),
    };
    const { log, predicate } = await run(late, { timeout: '901ms' });
    expect(log).toEqual(['on', 'un-on']);
    expect(predicate.decision).toBe('INCONCLUSIVE');
  });

  it('stays while a person has to answer', async () => {
    const { log, item } = await run({ on: act('on'), word: { attest: { role: 'qa' }, needs: ['on'] } });
    expect(log).toEqual(['on']);
    expect(item('on')?.undo).toBeUndefined();
  });

  it('is left alone where a person breaks the run off, and undone by the runner that goes on, but once', async () => {
    await prepare({
      on: act('on'),
      next: act('next', { needs: ['on'] }),
      bad: look('pf', { needs: ['next'], watch: { for: '2s', every: '300ms' } }),
    });
    const stop = new AbortController();
    const progress: RunListener['progress'] = () => stop.abort();
    await expect(runGate(options({ progress }, stop.signal))).rejects.toThrow('interrupted');
    expect(await written()).toEqual(['on', 'next']);
    const again = new AbortController();
    const going = { run: 'latest', repeat: [], giveUp: [], who: 'ada' };
    // Broken off between the two: the first is not undone a second time.
    const undone = () => again.abort();
    await expect(resumeGate({ ...options({ undone }, again.signal), ...going })).rejects.toThrow(
      'interrupted',
    );
    const { log, item } = await told(await resumeGate({ ...options(), ...going }));
    expect(log).toEqual(['on', 'next', 'un-next', 'un-on']);
    expect(item('next')?.undo?.attempts).toHaveLength(1);
  });
});
