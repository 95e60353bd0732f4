import { expect, test } from 'vitest';
import type { ItemReport } from '../../report/schema.ts';
import type { Saying } from '../../sign/said/schema.ts';
import { testSigners } from '../../testing/run-folder.ts';
import { sampleReport } from '../../testing/sample-report.ts';
import { historyOf } from '../history.ts';
import type { JournalEntry } from '../journal.ts';
import type { Gate } from '../schema.ts';
import { decide } from '../verdict.ts';
import { explainInterrupted } from './interrupted.ts';
import { explainReport, type ReportQuestion } from './report.ts';

const at = '2026-11-25T09:00:00.000Z';
const signers = testSigners([
  { id: 'ada', roles: ['release-manager'], emails: ['ada@example.com'], keys: [] },
  { id: 'ben', roles: ['engineering', 'security'], emails: ['ben@example.com'], keys: [] },
  { id: 'cyd', roles: ['engineering'], emails: ['cyd@example.com'], keys: [] },
]);
for (const person of signers.people) person.keys = [{ id: `SHA256:${'k'.repeat(43)}`, public: '' }];

const item = (id: string, state: ItemReport['state'], more: Partial<ItemReport> = {}): ItemReport => ({
  id,
  title: `Item ${id}`,
  covers: [],
  needs: [],
  state,
  attempts: [],
  simulated: [],
  ...more,
});

function question(items: ItemReport[], more: Partial<ReportQuestion> = {}): ReportQuestion {
  const { predicate } = sampleReport('no-go').statement;
  const signOff = { ...predicate, items, ...decide({ items, rehearsal: false, relaxations: [] }) };
  return {
    run: 'latest',
    signOff,
    gate: undefined,
    signers,
    said: [],
    count: undefined,
    now: new Date(at),
    invalid: [],
    ...more,
  };
}

const saying = (words: object) =>
  ({
    line: 9,
    name: 'Cyd',
    person: 'cyd',
    key: 'k',
    at,
    run: 'r',
    schema: 1,
    after: '',
    earlier: false,
    ...words,
  }) as Saying;

test('causes come first, each once, with the items that wait for it', () => {
  const { obstacles, summary } = explainReport(
    question([
      item('last', 'blocked', { needs: ['middle'] }),
      item('vault', 'pending', { attest: { role: 'security', about: ['smoke'] } }),
      item('middle', 'blocked', { needs: ['smoke', 'totals'] }),
      item('totals', 'error', { reason: 'no route', attempts: [] }),
      item('smoke', 'failed', { reason: 'expected `count > 0`, but count = 0' }),
    ]),
  );
  expect(obstacles.map(({ about, problem, holds_up }) => [about, problem, holds_up])).toEqual([
    ['smoke', 'expected `count > 0`, but count = 0', ['last', 'middle']],
    ['totals', 'nothing could be told: no route', ['last', 'middle']],
    ['vault', 'it waits for a person: Item vault', []],
  ]);
  expect(summary).toBe('3 things keep it from GO');
  expect(obstacles[2]).toMatchObject({
    who: [{ id: 'ben', name: 'Ben', role: 'security' }],
    commands: ['countersign gate show latest smoke', 'countersign gate attest latest vault --as ben'],
  });
});

test('an item may be waived only where the gate takes waivers, and it says who approves', () => {
  const failed = [item('smoke', 'failed', { reason: 'no' })];
  expect(explainReport(question(failed)).obstacles[0]?.commands.join()).not.toContain('waivers');
  const gate = { waivers: { approve: 'release-manager', at_most: '14d' } } as Gate;
  const [obstacle] = explainReport(question(failed, { gate })).obstacles;
  expect(obstacle?.who.map(({ name }) => name)).toEqual(['Ada']);
  expect(obstacle?.commands).toContain(
    'countersign waivers request mono-staging-dry-run smoke --reason TEXT --expires 14d --as PERSON',
  );
});

test('what was changed and not put back is told before anything else', () => {
  const undo = { state: 'failed' as const, attempts: [], reason: 'the flag is still on' };
  const { obstacles } = explainReport(
    question([item('smoke', 'failed', { reason: 'no' }), item('flip', 'passed', { undo })]),
  );
  expect(obstacles[0]).toMatchObject({
    about: 'flip',
    problem: 'what it changed is not undone: the flag is still on',
  });
});

test('missing signatures are told with those who can give them, and why others cannot', () => {
  const passed = [item('smoke', 'passed')];
  const { obstacles, decision } = explainReport(question(passed));
  expect(decision).toBe('GO');
  expect(obstacles.map(({ about, who }) => [about, who.map(({ id }) => id)])).toEqual([
    ['release-manager', ['ada']],
    ['engineering', ['ben', 'cyd']],
  ]);
  const asked = question(passed);
  asked.signOff.release = { ...asked.signOff.release, requester: 'ada@example.com' };
  expect(explainReport(asked).obstacles[0]).toMatchObject({
    problem: expect.stringContaining('not enough people can: ada asked for this release'),
    todo: expect.stringContaining('give the role to somebody else'),
  });
});

test.each([
  [saying({ type: 'rejection', reason: 'not these totals' }), 'NO_GO', 'Cyd (cyd) rejected it at'],
  [
    saying({ type: 'withdrawal', of: 'go', reason: 'an outage' }),
    'WITHDRAWN',
    'Cyd (cyd) withdrew the GO at',
  ],
])('whoever stopped it is named, and nobody is sent to sign', (one, decision, problem) => {
  const told = explainReport(question([item('smoke', 'passed')], { said: [one] }));
  expect(told.decision).toBe(decision);
  expect(told.obstacles).toHaveLength(1);
  expect(told.obstacles[0]).toMatchObject({
    problem: expect.stringContaining(problem),
    who: [{ id: 'cyd' }],
  });
});

test('a report that expired needs a new run', () => {
  const late = question([item('smoke', 'passed')], { now: new Date('2027-01-01T00:00:00Z') });
  expect(explainReport(late).obstacles).toMatchObject([
    { about: 'report', problem: expect.stringContaining('it expired at') },
  ]);
});

test('what is too old to be signed needs a new run, unless everybody has signed', () => {
  const passed = item('smoke', 'passed');
  passed.attempts = structuredClone(sampleReport().statement.predicate.items[1]?.attempts ?? []);
  const gate = { items: [{ id: 'smoke', fresh: { within: '10m', at: 'sign' } }] } as Gate;
  const { obstacles } = explainReport(question([passed], { gate }));
  expect(obstacles).toMatchObject([
    { about: 'smoke', problem: expect.stringContaining('it is too old to be signed') },
  ]);
  const count = { approvals: [], missing: [], refused: [] };
  expect(explainReport(question([passed], { gate, count })).obstacles).toEqual([]);
});

test('a report that can not be trusted is told alone', () => {
  const { obstacles, decision } = explainReport(
    question([item('smoke', 'failed')], { invalid: ['evidence: log.txt is missing'] }),
  );
  expect(decision).toBe('INVALID');
  expect(obstacles).toMatchObject([{ problem: 'it can not be trusted: evidence: log.txt is missing' }]);
});

const entry = (type: string, data: object, seq: number): JournalEntry => ({
  seq,
  at,
  prev: '',
  type,
  data,
  hash: '',
});
const began = entry('run-started', { id: 'r', gate: 'release', environment: 'production' }, 1);

test('a run that was cut off goes on; an item that writes needs a word first', () => {
  const ask = (entries: JournalEntry[], held?: string) =>
    explainInterrupted({
      run: 'latest',
      id: 'r',
      history: historyOf(entries),
      held,
      items: ['flip', 'smoke'],
      writes: new Set(['flip']),
    });
  expect(ask([began]).obstacles[0]?.commands[0]).toBe('countersign gate resume latest');
  const open = ask([began, entry('attempt-started', { id: 'flip', attempt: 1 }, 2)]);
  expect(open.obstacles[0]).toMatchObject({
    about: 'flip',
    commands: [
      'countersign gate resume latest --repeat flip',
      'countersign gate resume latest --give-up flip',
    ],
  });
  expect(open.obstacles[1]?.commands).toEqual([
    'countersign gate abort latest',
    'countersign gate abort latest --undo',
  ]);
  expect(ask([began], 'process 7 drives the run r').obstacles).toMatchObject([{ todo: 'wait for it' }]);
  expect(ask([]).obstacles[0]?.problem).toContain('before anything was measured');
});
