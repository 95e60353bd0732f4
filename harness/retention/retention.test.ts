import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { markImported } from '../archive/imported.ts';
import { openProject } from '../config/project.ts';
import { lockRun } from '../gate/run-folder.ts';
import type { ItemReport, SignOff } from '../report/schema.ts';
import { makeRunFolder, testItem, testPerson } from '../testing/run-folder.ts';
import { decideFates, type KnownReport, type KnownRun, type RetentionPolicy } from './decide.ts';
import { discardLeftover, discardRun, findLeftovers } from './discard.ts';
import { lastGoes } from './last-goes.ts';
import { referencesOf, surveyRuns } from './survey.ts';

const DAY = 86_400_000;
const policy: RetentionPolicy = { now: 1_000 * DAY, olderThanMs: 90 * DAY, keep: 0, interrupted: false };

function run(name: string, ageDays: number, report: Partial<KnownReport> | false = {}): KnownRun {
  const known = {
    id: name,
    gate: 'release',
    environment: 'production',
    decision: 'NO_GO' as const,
    signed: false,
    validUntil: 0,
    refersTo: new Set<string>(),
    ...report,
  };
  const base = { name, bytes: 1, imported: false, latest: false, endedAt: policy.now - ageDays * DAY };
  return report === false ? base : { ...base, report: known };
}

const fate = (runs: readonly KnownRun[], changes: Partial<RetentionPolicy> = {}) =>
  Object.fromEntries(
    decideFates(runs, { ...policy, ...changes }).map(({ run, verdict, reason }) => [
      run.name,
      `${verdict}: ${reason}`,
    ]),
  );

describe('what becomes of a run', () => {
  const later = policy.now + DAY;
  test.each<[string, KnownRun, string]>([
    ['an old NO_GO goes', run('a', 91), 'delete: 91d old, NO_GO'],
    ['a young one stays', run('a', 89), 'keep: younger than 90d'],
    ['one from the future stays', run('a', -1), 'keep: younger than 90d'],
    ['one whose end no clock shows stays', run('a', Number.NaN), 'keep: younger than 90d'],
    ['one being driven stays', { ...run('a', 91), holder: 7 }, 'keep: process 7 drives it'],
    ['an imported one stays', { ...run('a', 91), imported: true }, 'keep: it was imported'],
    ['an unreadable one stays', { ...run('a', 91, false), unreadable: 'torn' }, 'keep: its report can not'],
    ['the latest stays', { ...run('a', 91), latest: true }, 'keep: it is the latest run'],
    ['one without a report stays', run('a', 91, false), 'keep: it did not finish'],
    [
      'a signed one stays while it is valid',
      run('a', 91, { decision: 'INCONCLUSIVE', signed: true, validUntil: later }),
      'keep: signed and still valid',
    ],
    [
      'one that may be signed yet stays',
      run('a', 91, { decision: 'INCONCLUSIVE', validUntil: later }),
      'keep: still valid',
    ],
  ])('%s', (_, known, expected) => {
    expect(fate([known])['a']).toContain(expected);
  });

  test('without a report it goes only when asked, and then by its age', () => {
    const runs = [run('old', 91, false), run('young', 1, false)];
    expect(fate(runs, { interrupted: true })).toEqual({
      old: 'delete: 91d old, without a report',
      young: 'keep: younger than 90d',
    });
  });

  test('the last GO and the last signed GO of each gate and environment stay', () => {
    const signed = { decision: 'GO', signed: true } as const;
    const runs = [
      run('newest', 100, { decision: 'GO' }),
      run('signed', 200, signed),
      run('older', 300, signed),
      run('staging', 400, { ...signed, environment: 'staging' }),
      run('other', 500, { ...signed, gate: 'other' }),
    ];
    expect(Object.entries(fate(runs)).filter(([, text]) => text.startsWith('delete'))).toEqual([
      ['older', 'delete: 300d old, GO'],
    ]);
  });

  test('the newest N of each gate and environment stay', () => {
    const runs = [run('a', 100), run('b', 200), run('c', 300)];
    expect(Object.values(fate(runs, { keep: 2 })).map((text) => text.slice(0, 6))).toEqual([
      'keep: ',
      'keep: ',
      'delete',
    ]);
  });

  test('what the next release begins from stays, by its name or its id', () => {
    const held = new Map([['a', 'it is the last GO']]);
    expect(fate([run('folder', 300, { id: 'a' })], { held })).toEqual({ folder: 'keep: it is the last GO' });
  });

  test('what the report of one that stays refers to stays, and what that refers to', () => {
    const runs = [
      run('base', 400),
      run('middle', 300, { refersTo: new Set(['base']) }),
      run('top', 1, { refersTo: new Set(['middle']) }),
      run('gone', 300, { refersTo: new Set(['alone']) }),
      run('alone', 300),
    ];
    expect(fate(runs)).toMatchObject({
      base: 'keep: the report of middle refers to it',
      middle: 'keep: the report of top refers to it',
      gone: expect.stringContaining('delete'),
      alone: expect.stringContaining('delete'),
    });
  });
});

test('an item refers to the runs that it measured, was told of, or names anywhere', () => {
  const item = testItem('earlier');
  const [attempt] = item.attempts;
  const items: ItemReport[] = [
    {
      ...item,
      check: 'gate',
      with: { folder: '.countersign/runs/named-by-folder' },
      attempts: attempt ? [{ ...attempt, facts: { run: '20261125-083000-abcd' } }] : [],
    },
    { ...testItem('other'), reason: 'as staging-20261125T080000Z-3fa9 was' },
  ];
  expect([...referencesOf(items)].sort()).toEqual([
    '20261125-083000-abcd',
    'named-by-folder',
    'staging-20261125T080000Z-3fa9',
  ]);
});

describe('folders', () => {
  const places: string[] = [];
  afterEach(async () => {
    for (const place of places.splice(0)) await rm(place, { recursive: true });
  });

  async function state(): Promise<{ state: string; runs: string; folder: string }> {
    const place = await mkdtemp(join(tmpdir(), 'countersign-retention-'));
    places.push(place);
    await using made = await makeRunFolder({ people: [testPerson('ada', ['release-manager'])] });
    const runs = join(place, 'runs');
    const folder = join(runs, basename(made.folder));
    await mkdir(runs);
    await cp(made.folder, folder, { recursive: true });
    return { state: place, runs, folder };
  }

  test('that verify as the last GO stay, though a newer one says that it is', async () => {
    const ada = testPerson('ada', ['release-manager']);
    const ben = testPerson('ben', ['engineering']);
    const place = await mkdtemp(join(tmpdir(), 'countersign-retention-'));
    places.push(place);
    const runs = join(place, '.countersign', 'runs');
    for (const [name, signers] of [
      ['sample-20261125T080000Z-aaaa', [ada, ben]],
      ['sample-20261126T080000Z-bbbb', [ada]],
    ] as const) {
      const change = (predicate: SignOff) => Object.assign(predicate.run, { id: name });
      await using made = await makeRunFolder({ people: [ada, ben], change });
      for (const person of signers) await made.sign(person);
      await cp(made.folder, join(runs, name), { recursive: true });
      await mkdir(join(place, 'checklists'), { recursive: true });
      await writeFile(join(place, 'checklists/signers.yml'), made.signers.bytes);
    }
    const environments = join(place, 'checklists/environments.yml');
    await writeFile(environments, 'environments: {staging: {title: Staging, rehearsal: false}}\n');
    const project = await openProject(place);
    const known = await surveyRuns(project.state);
    const question = { project, cwd: place, env: {}, now: new Date('2026-11-25T09:30:00.000Z') };
    expect([...(await lastGoes(known, question))]).toEqual([
      ['sample-20261125T080000Z-aaaa', 'it is the last GO, sample-20261125T080000Z-aaaa'],
    ]);
    await writeFile(environments, 'environments: {}\n');
    expect([...(await lastGoes(known, question)).keys()]).toEqual(known.map(({ name }) => name));
  });

  test('are read for what they say of themselves', async () => {
    const { state: place, runs, folder } = await state();
    await mkdir(join(runs, 'torn'));
    await writeFile(join(runs, 'torn', 'report.json'), '{');
    await mkdir(join(runs, 'began'));
    await markImported(join(runs, 'began'), 'evidence.zip', new Date());
    await symlink(join('runs', 'torn'), join(place, 'latest'));
    const release = await lockRun(folder);
    const known = await surveyRuns(place);
    await release();
    expect(known).toMatchObject([
      {
        name: basename(folder),
        holder: process.pid,
        latest: false,
        report: { gate: 'sample', signed: false },
      },
      { name: 'began', imported: true },
      { name: 'torn', latest: true, unreadable: expect.stringContaining('report.json') },
    ]);
    expect(known[0]?.bytes).toBeGreaterThan(1_000);
  });

  test('go wholly or not at all: a crash leaves what bears no name of a run, and the next time takes it', async () => {
    const { state: place, runs, folder } = await state();
    const release = await lockRun(folder);
    await expect(discardRun(folder)).rejects.toThrow('drives the run');
    await release();
    // As a crash between the two steps leaves it.
    await rename(folder, join(runs, '.trash-0123456789ab-x'));
    expect(await surveyRuns(place)).toEqual([]);
    const [leftover, ...others] = await findLeftovers(runs, Date.now());
    expect(others).toEqual([]);
    if (leftover) await discardLeftover(leftover);
    expect(await readdir(runs)).toEqual([]);
  });

  test('lose what was never finished, once it is stale', async () => {
    const { runs, folder } = await state();
    const torn = join(folder, 'evidence', `${'a'.repeat(64)}.0123456789ab.tmp`);
    await writeFile(torn, '');
    await mkdir(join(runs, '.import-0123456789ab'));
    expect(await findLeftovers(runs, Date.now())).toEqual([]);
    const before = new Date(Date.now() - 2 * 3_600_000);
    for (const path of [torn, join(runs, '.import-0123456789ab')]) await utimes(path, before, before);
    expect((await findLeftovers(runs, Date.now())).map(({ reason }) => reason).sort()).toEqual([
      'a file that was never finished',
      'an import that did not end',
    ]);
    await discardRun(folder);
    expect(await readdir(runs)).toEqual(['.import-0123456789ab']);
  });
});
