import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ItemReport, SignOff } from '../report/schema.ts';
import { act, actingProject, look, watch } from '../testing/acting-project.ts';
import { makeRunFolder, type RunFolder, testItem, testPerson } from '../testing/run-folder.ts';
import { type Replay, replay } from './replay.ts';
import { replayItem } from './replay-item.ts';

const ada = testPerson('ada', ['security']);
const people = [ada];

const attested = (id: string, state: 'pending' | 'passed' | 'failed', reason?: string): ItemReport => ({
  id,
  title: id,
  covers: [],
  needs: [],
  state,
  ...(reason ? { reason } : {}),
  attempts: [],
  attest: { role: 'security', about: [], ...(state === 'failed' ? answer : {}) },
  simulated: [],
});
const answer = {
  person: 'ada',
  comment: 'not there',
  statement: { name: 'x', media_type: 'text/plain', sha256: 'a'.repeat(64), bytes: 1 },
};

const paths = ({ items, differences }: Replay) => [
  ...items.flatMap((item) => item.differences.map(({ path }) => [item.id, ...path].join('.'))),
  ...differences.map(({ path }) => path.join('.')),
];

test('reports of every version of the format give the same verdicts for ever', async () => {
  const fixture = join(import.meta.dirname, '../sign/fixtures/golden-report-v1.files');
  const files = JSON.parse(await readFile(fixture, 'utf8')) as Record<string, string>;
  const folder = await mkdtemp(join(tmpdir(), 'countersign-golden-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), Buffer.from(content, 'base64'));
  }
  expect(await replay(folder)).toMatchObject({ same: true, decision: 'GO', differences: [] });
  await rm(folder, { recursive: true });
});

test('states, expectations, reasons and decision are made anew, byte for byte', async () => {
  const items = [
    testItem('ok'),
    testItem('bad', 'failed'),
    testItem('broken', 'error'),
    attested('vault', 'pending', 'security has to attest this'),
    attested('console', 'failed', 'Ada rejected it: not there'),
  ];
  await using run = await makeRunFolder({ people, items });
  const replayed = await replay(run.folder);
  expect(paths(replayed)).toEqual([]);
  expect(replayed).toMatchObject({ same: true, decision: 'NO_GO' });
  expect(replayed.items.map(({ state, measurements }) => [state, measurements])).toEqual([
    ['passed', 1],
    ['failed', 1],
    ['error', 1],
    ['pending', 0],
    ['failed', 0],
  ]);
});

test('what was watched, halted, left out and taken back is made anew, too', async () => {
  const acting = await actingProject();
  const { folder } = await acting.run(
    {
      one: act('one'),
      two: act('two', { needs: ['one'], undo: { check: 'act', with: { word: 'un-two', ok: false } } }),
      bad: look('f', { needs: ['two'] }),
      after: look('p', { needs: ['bad'] }),
      seen: watch('ppp'),
      dim: watch('pf'),
      long: look('p', { needs: ['one'], watch: { for: '20m', every: '200ms' } }),
    },
    { timeout: '2h' },
  );
  const replayed = await replay(folder);
  expect(paths(replayed)).toEqual([]);
  expect(replayed).toMatchObject({ same: true, decision: 'NO_GO' });
});

describe('a report that does not say what its facts give', () => {
  const lies: [string, (predicate: SignOff) => void, string[]][] = [
    ['a state', ({ items }) => put(items, 1, { state: 'passed' }), ['bad.state']],
    ['a fact', ({ items }) => attempt(items, 0, { facts: { rows: '0' } }), ['ok.state']],
    ['an outcome', ({ items }) => expectation(items, { outcome: 'true' }), ['outcome']],
    [
      'an operand',
      ({ items }) => expectation(items, { operands: [{ text: 'rows', value: '7' }] }),
      ['value'],
    ],
    ['a reason', ({ items }) => put(items, 1, { reason: 'nothing to see' }), ['bad.reason']],
    ['the decision', (predicate) => Object.assign(predicate, { decision: 'GO' }), ['decision']],
    ['the reasons', (predicate) => Object.assign(predicate, { reasons: [] }), ['reasons.bad']],
    ['a pending item', ({ items }) => put(items, 2, { state: 'passed' }), ['vault.state']],
  ];

  test.each(lies)('is found out by %s, and shown where', async (_, lie, expected) => {
    const items = [
      testItem('ok'),
      testItem('bad', 'failed'),
      attested('vault', 'pending', 'security has to attest this'),
    ];
    await using run = await makeRunFolder({ people, items, change: lie, lying: true });
    const replayed = await replay(run.folder);
    expect(replayed.same).toBe(false);
    expect(replayed.wordedBy).toBeUndefined();
    for (const path of expected) expect(paths(replayed).join('\n')).toContain(path);
  });

  test('may word it otherwise when another version made it, and nothing else', async () => {
    const items = () => [testItem('ok'), testItem('bad', 'failed')];
    const old = (change: (predicate: SignOff) => void) => (predicate: SignOff) => {
      predicate.run.tool.version = '0.0.1';
      change(predicate);
    };
    await using worded = await makeRunFolder({
      people,
      items: items(),
      change: old(({ items }) => expectation(items, { operands: [] })),
    });
    expect(await replay(worded.folder)).toMatchObject({ same: false, wordedBy: '0.0.1', decision: 'NO_GO' });
    await using lied = await makeRunFolder({
      people,
      items: items(),
      lying: true,
      change: old(({ items }) => expectation(items, { operands: [], outcome: 'true' })),
    });
    expect((await replay(lied.folder)).wordedBy).toBeUndefined();
  });
});

function put(items: ItemReport[], index: number, change: Partial<ItemReport>): void {
  Object.assign(items[index] ?? {}, structuredClone(change));
}

function attempt(items: ItemReport[], index: number, change: object): void {
  Object.assign(items[index]?.attempts[0] ?? {}, change);
}

/** Of the item that failed. */
function expectation(items: ItemReport[], change: object): void {
  Object.assign(items[1]?.attempts[0]?.expectations[0] ?? {}, change);
}

describe('what it is judged by', () => {
  let run: RunFolder;
  beforeAll(async () => {
    run = await makeRunFolder({ people });
  });
  afterAll(() => run[Symbol.asyncDispose]());

  test.each(['gate.yml', 'signers.yml'])('must be what the run was made with: %s', async (name) => {
    const before = await readFile(join(run.folder, name));
    await appendFile(join(run.folder, name), '# changed\n');
    await expect(replay(run.folder)).rejects.toThrow(`${name} is not the file`);
    await writeFile(join(run.folder, name), before);
  });

  test('must be what the run was made with: the types of facts', async () => {
    const { sha256 } = run.statement.predicate.evidence.files[0] ?? { sha256: '' };
    await appendFile(join(run.folder, 'evidence', sha256), ' ');
    await expect(replay(run.folder)).rejects.toMatchObject({ code: 'REPORT_INVALID' });
  });
});

test('a long watch is judged sample by sample, not each against all others', async () => {
  const acting = await actingProject();
  const { item, statement } = await acting.run({ seen: watch('p') });
  const seen = item('seen') as ItemReport;
  const [sample] = seen.attempts;
  if (!seen.watch || !sample) throw new Error('it was not watched');
  const samples = Array.from({ length: 400 }, () => ({ ...sample }));
  const judged = new Map(samples.map((each) => [each, { state: 'passed' as const, expectations: [] }]));
  const { gate, signers } = { gate: { items: [] }, signers: { people: [] } };
  const known = { judged, states: new Map(), gate, signers, rehearsal: true, rehearse: undefined };
  const text = vi.spyOn(JSON, 'stringify');
  replayItem({ ...seen, watch: { ...seen.watch, samples } }, known as never);
  expect(text.mock.calls.length).toBeLessThan(samples.length);
  text.mockRestore();
  expect(statement.predicate.decision).toBe('REHEARSAL_GO');
});
