import { expect, test } from 'vitest';
import type { Statement } from '../report/schema.ts';
import { makeRunFolder, testItem, testPerson } from '../testing/run-folder.ts';
import { differences } from './difference.ts';
import { compareRuns } from './run-view.ts';

const ada = testPerson('ada', ['release-manager']);

test('facts are told apart by path, numbers and amounts of money by how much', () => {
  const before = { rows: 3, total_minor: '900719925474099301', state: 'up', alerts: [{ name: 'A', for: 1 }] };
  const after = {
    rows: 5.5,
    total_minor: '900719925474099300',
    alerts: [{ name: 'B' }, { name: 'A', for: 1 }],
    new: null,
  };
  expect(differences(before, after)).toEqual([
    { path: ['rows'], before: 3, after: 5.5, change: '+2.5' },
    {
      path: ['total_minor'],
      before: '900719925474099301',
      after: '900719925474099300',
      change: '-1',
    },
    { path: ['state'], before: 'up' },
    { path: ['alerts', 'B'], after: { name: 'B' } },
    { path: ['new'], after: null },
  ]);
});

/** Two runs of one gate, the second changed by hand. */
async function compared(change: (statement: Statement) => void, signed: string[] = []) {
  await using run = await makeRunFolder({ people: [ada], items: [testItem('smoke'), testItem('totals')] });
  const after = structuredClone(run.statement);
  change(after);
  return compareRuns({ statement: run.statement, signed: [] }, { statement: after, signed }).map(
    ({ path, before, after, incidental }) => [path.join('.'), before, after, incidental],
  );
}

test('items, states, expectations, versions, people and release are compared', async () => {
  const found = await compared(
    ({ predicate }) => {
      predicate.items = [testItem('smoke', 'failed'), testItem('new')];
      predicate.decision = 'NO_GO';
      predicate.run.tool.version = '9.9.9';
      predicate.release.requester = 'grace';
      predicate.release.git = { commit: 'd'.repeat(40), dirty: true, branch: 'main' };
      predicate.environment.sha256 = 'e'.repeat(64);
    },
    ['ada'],
  );
  expect(found.map(([path]) => path)).toEqual([
    'decision',
    'items.smoke.state',
    'items.smoke.facts.rows',
    'items.smoke.expectations.rows > 0',
    'items.smoke.reason',
    'items.totals',
    'items.new',
    'environment.sha256',
    'release.git.commit',
    'release.git.dirty',
    'versions.countersign',
    'people.requester',
    'people.signed.0',
  ]);
  expect(found.every(([, , , incidental]) => incidental === false)).toBe(true);
});

test('times, ids and durations are there, but set apart', async () => {
  const found = await compared(({ predicate }) => {
    const [attempt] = predicate.items[0]?.attempts ?? [];
    if (!attempt) throw new Error('no attempt');
    predicate.run.id = 'other';
    predicate.nonce = 'f'.repeat(32);
    attempt.started_at = '2026-11-25T08:28:00.500Z';
    attempt.facts = { rows: '40', at: '2026-11-25T08:28:00.500Z', took: '1' };
  });
  expect(found).toEqual([
    ['items.smoke.facts.at', undefined, '2026-11-25T08:28:00.500Z', false],
    ['items.smoke.facts.took', undefined, '1', false],
    ['items.smoke.attempts.times.0.started_at', expect.anything(), expect.anything(), true],
    ['run.id', '20261125-083000-abcd', 'other', true],
    ['run.nonce', expect.anything(), 'f'.repeat(32), true],
  ]);
  const id = 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6';
  for (const [one, other] of [
    ['2026-11-25T08:28:00Z', '2026-11-25T09:00:00.5Z'],
    ['Sun, 22 Nov 2026 09:00:31 GMT', 'Mon, 23 Nov 2026 09:00:31 GMT'],
    [`sync-${id}`, `sync-${id.replace('f8', 'a1')}`],
  ]) {
    const items = [testItem('smoke')];
    await using run = await makeRunFolder({ people: [ada], items });
    const [before, after] = [one, other].map((seen) => {
      const statement = structuredClone(run.statement);
      Object.assign(statement.predicate.items[0]?.attempts[0]?.facts ?? {}, { seen });
      return { statement, signed: [] };
    });
    if (!before || !after) throw new Error('two runs are compared');
    expect(compareRuns(before, after)).toMatchObject([{ incidental: true }]);
  }
});
