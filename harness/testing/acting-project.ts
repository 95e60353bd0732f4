import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import type { Clock } from '../checks/define.ts';
import { systemClock } from '../commands/clock.ts';
import { openProject } from '../config/project.ts';
import { Journal, type JournalEntry, readJournal } from '../gate/journal.ts';
import { recompute } from '../gate/recompute.ts';
import { replay } from '../gate/replay.ts';
import type { RunListener } from '../gate/run.ts';
import { type GateRun, runGate } from '../gate/session.ts';
import { testProject } from './cli.ts';
import { wrongWith } from './verify-run.ts';

const api = fileURLToPath(new URL('../index.ts', import.meta.url));

/** `act` writes a word down and tells the process, `look` passes, fails or can't tell as its letters say, one an attempt, the last for ever. */
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
      process.emit('acted', word);
      return { facts: { ok } };
    },
  }),
  defineCheck({
    kind: 'look', summary: 'Say what it was told to', effects: 'reads', expect: ['ok'],
    facts: Type.Object({ ok: Type.Boolean(), bulk: Type.Optional(Type.String()) }),
    options: Options({ letters: Type.String(), bulk: Type.Optional(Type.Integer()) }),
    async measure({ letters, bulk }, { attempt, artifact }) {
      const letter = letters[Math.min(attempt, letters.length) - 1];
      await artifact('seen.txt', letter + attempt);
      if (letter === 'e') throw new Error('nothing to be seen');
      return { facts: { ok: letter === 'p', ...(bulk ? { bulk: 'x'.repeat(bulk) } : {}) } };
    },
  }),
  defineCheck({
    kind: 'day', summary: 'Tell the day', effects: 'none', answers: 'calendar', facts, expect: ['ok'],
    options: Options({ ok: Type.Boolean() }),
    measure: async ({ ok }) => ({ facts: { ok } }),
  }),
] };
`;

type Items = Record<string, object>;

/** An item that writes `word` down, and `un-word` when it is undone. */
export const act = (word: string, more: object = {}) => ({
  check: 'act',
  with: { word },
  undo: { check: 'act', with: { word: `un-${word}` } },
  ...more,
});

/** `p` passes, `f` fails, `e` can't tell. */
export const look = (letters: string, more: object = {}) => ({ check: 'look', with: { letters }, ...more });

/** Lenient about time: machines that test are busy. */
export const watch = (letters: string, more: object = {}) =>
  look(letters, { watch: { for: '1s', every: '200ms', min_observed: 0.1, ...more } });

const quiet: RunListener = { started() {}, progress() {}, attempted() {}, finished() {} };

/** A project with one gate, `acting`, which is written anew for each run, and a log of what was done. */
export async function actingProject(environment: object = {}) {
  const root = await testProject({
    'countersign.config.ts': config,
    'checklists/environments.yml': stringify({
      environments: { local: { title: 'Local', rehearsal: true, writes: true, ...environment } },
    }),
  });
  const project = await openProject(root);
  const log = join(root, 'log.txt');

  async function prepare(items: Items, more: object = {}): Promise<void> {
    const gate = {
      gate: 'acting',
      title: 'Acting',
      environment: 'local',
      ...more,
      items: Object.entries(items).map(([id, item]) => ({ id, title: id, ...item })),
      sign: { require: [{ role: 'qa' }] },
    };
    await writeFile(join(root, 'checklists/acting.gate.yml'), stringify(gate));
    await writeFile(log, '');
  }

  const options = (
    listener: Partial<RunListener> = {},
    signal = new AbortController().signal,
    clock: Clock = systemClock,
  ) => ({
    project,
    cwd: root,
    gate: 'acting',
    env: {},
    clock,
    signal,
    listener: { ...quiet, ...listener },
    say() {},
  });

  /** Words in the order in which they were written. */
  const written = async () => (await readFile(log, 'utf8')).split('\n').filter(Boolean);

  /** What a run says, once it was judged again from its folder and gave the same. */
  async function told({ folder, statement }: GateRun) {
    const { predicate } = statement;
    const again = await recompute(folder, statement);
    expect(again.decision).toBe(predicate.decision);
    expect(again.items).toEqual(predicate.items.map(({ id, state }) => ({ id, state })));
    expect(await replay(folder)).toMatchObject({ same: true });
    expect(await wrongWith({ folder, statement })).toEqual([]);
    const item = (id: string) => predicate.items.find((each) => each.id === id);
    return { folder, statement, predicate, item, log: await written() };
  }

  async function run(items: Items, more: object = {}) {
    await prepare(items, more);
    return told(await runGate(options()));
  }

  return { root, prepare, options, written, told, run };
}

/** Puts a run back to when its runner was killed with only these lines in its journal, and nothing frozen. */
export async function killedWith(folder: string, kept: (line: JournalEntry) => boolean): Promise<void> {
  const path = join(folder, 'journal.jsonl');
  const lines = readJournal(await readFile(path)).filter(kept);
  for (const name of ['journal.jsonl', 'report.json', 'report.html', 'junit.xml'])
    await rm(join(folder, name), { force: true });
  let at = '';
  const journal = await Journal.create(path, { ...systemClock, now: () => new Date(at) });
  for (const { type, data, ...line } of lines) {
    at = line.at;
    await journal.append(type, data);
  }
  await journal.close();
}

/** The data of all lines of that type in a run's journal. */
export async function linesOf(folder: string, type: string): Promise<{ id?: string }[]> {
  const text = await readFile(join(folder, 'journal.jsonl'), 'utf8');
  const entries = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; data: object });
  return entries.filter((entry) => entry.type === type).map(({ data }) => data);
}
