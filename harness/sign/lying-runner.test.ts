import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifestDigest } from '../report/manifest.ts';
import type { SignOff } from '../report/schema.ts';
import { forge } from '../testing/forge.ts';
import { FROZEN_AT, makeRunFolder, type RunFolder, testItem, testPerson } from '../testing/run-folder.ts';
import { verifyRun } from '../testing/verify-run.ts';
import { writeRendered } from './renderings.ts';
import { sha256 } from './statement.ts';
import { countApprovals } from './trust.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering'], { type: 'ed25519' });
const people = [ada, ben];

function wrong({ lines }: Awaited<ReturnType<typeof verifyRun>>): string {
  return lines
    .filter(({ ok }) => !ok)
    .map(({ check, text }) => `${check}: ${text}`)
    .join('\n');
}

test.each<[string, Partial<Parameters<typeof makeRunFolder>[0]>, string]>([
  [
    'T9: a lie about who must sign',
    { change: ({ policy }) => void policy.require.pop() },
    'asks for other signatures than gate.yml',
  ],
  [
    'T8: a lie about authors',
    { change: ({ policy }) => set(policy, { not_author: false }) },
    'asks for other signatures than gate.yml',
  ],
  [
    'T24: a lie about the decision',
    { items: [testItem('smoke', 'failed')], change: (all) => set(all, { decision: 'GO', reasons: [] }) },
    'the items give NO_GO, the report says GO',
  ],
  [
    'T24: a lie about a state',
    { items: [testItem('smoke', 'failed')], change: (all) => lieAboutState(all) },
    'the stored facts of smoke give failed, the report says passed',
  ],
  [
    'T24: a lie about what was expected',
    { change: (all) => set(firstExpectation(all), { text: 'true' }) },
    'smoke was not judged as gate.yml says',
  ],
  [
    'T12: a lie by leaving items out',
    { change: (all) => set(all, { items: [], decision: 'GO' }) },
    'the report has other items than gate.yml',
  ],
  [
    'T12: a lie by naming an item twice',
    { items: [testItem('smoke'), testItem('smoke')] },
    'the item smoke stands in it twice',
  ],
  [
    'T3: a lie about its subjects',
    { change: ({ release }) => set(release.git ?? {}, { commit: 'd'.repeat(40) }) },
    'a subject is another commit than the release',
  ],
  [
    'T4: a lie about its end',
    { change: ({ validity }) => set(validity, { not_after: FROZEN_AT }) },
    'it ends before it begins',
  ],
  [
    'T16: a lie about its beginning',
    { change: ({ validity }) => set(validity, { not_before: '2026-11-25T12:00:00.000Z' }) },
    'which is in the future',
  ],
  [
    'T4: a lie about how long it holds',
    { change: ({ validity }) => set(validity, { not_after: '2036-11-25T08:30:00.000Z' }) },
    'gate.yml gives it another time',
  ],
  [
    'T3: a lie about its environment',
    { change: ({ environment }) => set(environment, { name: 'production' }) },
    'is not what environment.json says',
  ],
  [
    'T20: a lie about being a rehearsal',
    { rehearsal: true, change: (all) => set(all.environment, { rehearsal: false }) },
    'is not what environment.json says',
  ],
  [
    'T20: a lie by measuring until it passes',
    { change: ({ items: [item] }) => void item?.attempts.push(...item.attempts) },
    'smoke was measured 2 times, and gate.yml lets it be measured 1',
  ],
  [
    'T18: a lie about its journal',
    { change: ({ journal }) => set(journal, { lines: 1 }) },
    'is not the one that was frozen',
  ],
  [
    'T11: a lie about its evidence',
    { change: ({ evidence }) => set(evidence, { files: [], sha256: manifestDigest([]) }) },
    'evidence',
  ],
  [
    'T11: a lie about the list of evidence',
    { change: ({ evidence }) => set(evidence, { sha256: '0'.repeat(64) }) },
    'the digest over the list of files is wrong',
  ],
  [
    'T17: a lie with a state that nobody knows',
    { change: (all) => set(all.items[0] ?? {}, { state: 'fine' }) },
    'does not have the documented shape',
  ],
  [
    'T17: a lie with more subjects than a verifier takes',
    {
      change: ({ release }) =>
        set(release, { subjects: Array.from({ length: 1025 }, () => ({ name: 'x', digest: {} })) }),
    },
    'does not have the documented shape',
  ],
  [
    'T17: a lie with a field that nobody knows',
    { change: (all) => set(all, { approved: true }) },
    'does not have the documented shape',
  ],
])('%s is found out, whoever signed', async (_, options, message) => {
  await using run = await makeRunFolder({ people, lying: true, ...options });
  await forge(run, [ada, ben]);
  const result = await verifyRun(run);
  expect(result.exit).toBe(4);
  expect(wrong(result)).toContain(message);
});

test.each(['../../etc/passwd', '/etc/passwd', 'a/../b', 'a\\b', 'a\nb', ''])(
  'T21: a name of evidence that leads elsewhere is refused: %j',
  async (name) => {
    await using run = await makeRunFolder({ people, evidence: { [name]: 'x' } });
    await forge(run, [ada, ben]);
    expect(wrong(await verifyRun(run))).toContain('is no name for a file of evidence');
  },
);

test('T24: good signatures make no GO of a report that failed', async () => {
  for (const [state, exit] of [
    ['failed', 1],
    ['error', 3],
  ] as const) {
    await using run = await makeRunFolder({ people, items: [testItem('smoke', state)] });
    await forge(run, [ada, ben]);
    await renderAgain(run);
    expect((await verifyRun(run)).exit).toBe(exit);
  }
});

/** The renderings that go with signatures of ada and ben at an unknown time. */
async function renderAgain({ folder, statement, signers }: RunFolder): Promise<void> {
  const bytes = await readFile(join(folder, 'report.json'));
  const { policy, release, validity } = statement.predicate;
  const signatures = [ada, ben].map(({ keys }) => ({ keyid: keys[0]?.id ?? '' }));
  const count = countApprovals({ policy, release, validity, signers: signers.parsed, signatures });
  await writeRendered(folder, { sha256: sha256(bytes), statement }, count);
}

function set(target: object, values: object): void {
  Object.assign(target, values);
}

function firstExpectation({ items }: SignOff): object {
  return items[0]?.attempts[0]?.expectations[0] ?? {};
}

function lieAboutState(all: SignOff): void {
  set(all.items[0] ?? {}, { state: 'passed', reason: undefined });
  set(all, { decision: 'GO', reasons: [] });
}
