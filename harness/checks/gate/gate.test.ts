import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluateExpectation } from '../../gate/evaluate.ts';
import type { FactSchema } from '../../gate/facts.ts';
import { fakeClock, type TestContextOptions, testContext } from '../../testing/context.ts';
import { makeRunFolder, type RunFolder, SIGNED_AT, testPerson } from '../../testing/run-folder.ts';
import { sayOn } from '../../testing/say.ts';
import { kindContract } from '../contract.ts';
import kind from './gate.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering']);
let root: string;
let run: RunFolder;

/** A project with one signed run, its gate and its signers. */
async function project(source: RunFolder): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-gate-'));
  await mkdir(join(folder, 'checklists'));
  await cp(source.folder, join(folder, '.countersign', 'runs', basename(source.folder)), { recursive: true });
  await cp(join(source.folder, 'gate.yml'), join(folder, 'checklists', 'sample.gate.yml'));
  await cp(join(source.folder, 'signers.yml'), join(folder, 'checklists', 'signers.yml'));
  await cp(join(source.folder, 'signers.yml'), join(folder, '.countersign', 'rehearsal-signers.yml'));
  return folder;
}

beforeAll(async () => {
  run = await makeRunFolder({ people: [ada, ben] });
  await run.sign(ada);
  await run.sign(ben);
  root = await project(run);
});

afterAll(async () => {
  await run[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

async function measure(
  options: Record<string, unknown> = { gate: 'sample' },
  context: TestContextOptions = {},
) {
  const { facts } = await kind.measure(
    { same_commit: false, ...options } as never,
    testContext({ root, clock: fakeClock(SIGNED_AT), environment: { rehearsal: false }, ...context }),
  );
  return facts;
}

function unmet(facts: object): string[] {
  const subject = { schema: kind.facts as FactSchema, facts: facts as Record<string, unknown>, needs: {} };
  return kind.expect.filter((text) => evaluateExpectation(text, subject).outcome !== 'true');
}

describe('an earlier report', () => {
  test('signed, young and unchanged is what is expected', async () => {
    const facts = await measure({ gate: 'sample', max_age: '1h' });
    expect(unmet(facts)).toEqual([]);
    expect(facts).toMatchObject({
      valid: true,
      exit: 0,
      decision: 'GO',
      signatures: 2,
      age_seconds: 1_800,
      environment: 'staging',
      gate: 'sample',
      commit: 'c'.repeat(40),
      subjects: [`git gitCommit:${'c'.repeat(40)}`],
      problems: [],
    });
  });

  test('may be named by its folder', async () => {
    const facts = await measure({ folder: `.countersign/runs/${basename(run.folder)}` });
    expect(unmet(facts)).toEqual([]);
  });

  test('too old, or from the future, is not young', async () => {
    expect(unmet(await measure({ gate: 'sample', max_age: '29m' }))).toEqual(['young']);
    const early = await measure({ gate: 'sample' }, { clock: fakeClock('2026-11-25T08:00:00.000Z') });
    expect(early).toMatchObject({ valid: false, young: false });
  });

  test('that a role has yet to sign is not enough', async () => {
    await using half = await makeRunFolder({ people: [ada, ben] });
    await half.sign(ada);
    const folder = await project(half);
    const facts = await measure({ gate: 'sample' }, { root: folder });
    expect(facts).toMatchObject({
      valid: true,
      exit: 3,
      signatures: 1,
      problems: ['roles: missing: engineering'],
    });
    expect(unmet(facts)).toEqual(['exit == 0']);
    await rm(folder, { recursive: true });
  });

  test('of a rehearsal is enough for a rehearsal only', async () => {
    await using rehearsal = await makeRunFolder({ people: [ada, ben], rehearsal: true });
    await rehearsal.sign(ada);
    await rehearsal.sign(ben);
    const folder = await project(rehearsal);
    expect(
      unmet(await measure({ gate: 'sample' }, { root: folder, environment: { rehearsal: true } })),
    ).toEqual([]);
    expect(unmet(await measure({ gate: 'sample' }, { root: folder }))).toHaveLength(1);
    await rm(folder, { recursive: true });
  });

  test('whose GO was withdrawn, or that was rejected, is not enough', async () => {
    await using stopped = await makeRunFolder({ people: [ada, ben] });
    await stopped.sign(ada);
    await stopped.sign(ben);
    await sayOn(stopped, ada, { type: 'withdrawal', of: 'go', reason: 'an outage' });
    const withdrawn = await project(stopped);
    const clock = fakeClock('2026-11-25T09:30:00.000Z');
    const facts = await measure({ gate: 'sample' }, { root: withdrawn, clock });
    expect(facts).toMatchObject({ valid: true, exit: 0, decision: 'WITHDRAWN' });
    expect(unmet(facts)).toHaveLength(1);
    await sayOn(stopped, ben, { type: 'rejection', reason: 'not these totals' });
    const rejected = await project(stopped);
    expect(await measure({ gate: 'sample' }, { root: rejected, clock })).toMatchObject({
      valid: true,
      exit: 1,
    });
    for (const folder of [withdrawn, rejected]) await rm(folder, { recursive: true });
  });

  test('that was changed is invalid, and has neither age nor commit', async () => {
    const folder = await project(run);
    await appendFile(join(folder, '.countersign', 'runs', basename(run.folder), 'report.html'), ' ');
    const facts = await measure({ gate: 'sample' }, { root: folder });
    expect(facts).toMatchObject({ valid: false, exit: 4, decision: 'INVALID', young: false });
    expect(Object.keys(facts)).not.toEqual(expect.arrayContaining(['age_seconds']));
    await rm(folder, { recursive: true });
  });

  test('of a gate that has changed since is refused unless that is allowed', async () => {
    const folder = await project(run);
    await appendFile(join(folder, 'checklists', 'sample.gate.yml'), '# stricter now\n');
    expect((await measure({ gate: 'sample' }, { root: folder })).valid).toBe(false);
    expect((await measure({ gate: 'sample', same_gate: false }, { root: folder })).valid).toBe(true);
    await rm(folder, { recursive: true });
  });

  test('of another commit than the one that is checked out is refused unless that is allowed', async () => {
    const git = async (folder: string, ...args: string[]) =>
      (
        await promisify(execFile)(
          'git',
          ['-c', 'user.name=ada', '-c', 'user.email=ada@example.com', ...args],
          {
            cwd: folder,
          },
        )
      ).stdout.trim();
    const folder = await project(run);
    await git(folder, 'init', '-q');
    await git(folder, 'commit', '-q', '--allow-empty', '-m', 'one');
    const commit = await git(folder, 'rev-parse', 'HEAD');
    const of = async () => measure({ gate: 'sample', same_commit: true }, { root: folder });
    expect(await of()).toMatchObject({ valid: false, problems: [expect.stringContaining(commit)] });
    await using same = await makeRunFolder({
      people: [ada, ben],
      change({ release }) {
        release.git = { commit, dirty: false };
        release.subjects = [{ name: 'git', digest: { gitCommit: commit } }];
      },
    });
    for (const person of [ada, ben]) await same.sign(person);
    await rm(join(folder, '.countersign'), { recursive: true });
    const copy = await project(same);
    await cp(join(folder, '.git'), join(copy, '.git'), { recursive: true });
    const facts = await measure({ gate: 'sample', same_commit: true }, { root: copy });
    expect(facts).toMatchObject({ valid: true, commit });
    await git(copy, 'commit', '-q', '--allow-empty', '-m', 'two');
    expect(await measure({ gate: 'sample', same_commit: true }, { root: copy })).toMatchObject({
      valid: false,
    });
    for (const each of [folder, copy]) await rm(each, { recursive: true });
  });

  test('can not be held against a commit outside git, which only a rehearsal may leave out', async () => {
    await expect(measure({ gate: 'sample', same_commit: true })).rejects.toThrow('no git work tree');
  });

  test('that nobody signed, or of another gate, is no data', async () => {
    await expect(measure({ gate: 'other' })).rejects.toThrow(
      'no run of the gate `other` has been signed here',
    );
    await using unsigned = await makeRunFolder({ people: [ada, ben] });
    const folder = await project(unsigned);
    await expect(measure({ gate: 'sample' }, { root: folder })).rejects.toThrow('has been signed here');
    await rm(folder, { recursive: true });
  });

  test('outside the project is refused', async () => {
    const resolve = () => {
      throw new Error('it leaves the project');
    };
    await expect(measure({ folder: dirname(run.folder) }, { resolve })).rejects.toThrow(
      'it leaves the project',
    );
  });
});

test('neither or both of gate and folder is a lint finding', () => {
  for (const options of [{}, { gate: 'a', folder: 'b' }]) {
    const found: string[] = [];
    kind.lint?.(options, { root, environment: undefined, report: (_, message) => void found.push(message) });
    expect(found).toEqual(['name either `gate` or `folder`']);
  }
});

kindContract(kind, {
  working: {
    options: { gate: 'sample', same_commit: false },
    makeContext: ({ secrets, signal }) =>
      testContext({ root, secrets, signal, clock: fakeClock(SIGNED_AT), environment: { rehearsal: false } }),
  },
  unreachable: {
    options: { gate: 'sample' },
    makeContext: async ({ secrets }) => {
      const empty = await mkdtemp(join(tmpdir(), 'countersign-gate-'));
      await writeFile(join(empty, 'signers.yml'), '');
      return testContext({ root: empty, secrets });
    },
  },
});
