import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { fixedKindConfig, testProject } from '../../testing/cli.ts';
import { runCommand } from '../../testing/in-process.ts';
import { passphrase, testPerson, testSigners } from '../../testing/run-folder.ts';

const ada = testPerson('ada', ['release-manager']);
let root: string;
let elsewhere: string;

const gate = (items: object[]) =>
  stringify({
    gate: 'release',
    title: 'Release',
    environment: 'staging',
    items,
    sign: { require: [{ role: 'release-manager' }], not_author: false },
  });
const fixed = (id: string, options: object, more: object = {}) => ({
  id,
  title: id,
  check: 'fixed',
  with: { count: 3, ...options },
  ...more,
});

beforeAll(async () => {
  elsewhere = await mkdtemp(join(tmpdir(), 'countersign-elsewhere-'));
  root = await testProject({
    'checklists/environments.yml': stringify({
      environments: { staging: { title: 'Staging', rehearsal: false } },
    }),
    'checklists/signers.yml': stringify(testSigners([ada])),
    'checklists/release.gate.yml': gate([
      fixed('there', { print: 'seen' }),
      fixed('watched', {}, { watch: { for: '600ms', every: '300ms', failures: 0 } }),
    ]),
    'countersign.config.ts': fixedKindConfig(),
    '.gitignore': '.countersign/\n',
    '.countersign/keys/ada.pem': ada.keys[0]?.privatePem ?? '',
  });
  commit('init -q', 'add -A', 'commit -qm all');
});

afterAll(async () => {
  for (const folder of [root, elsewhere]) await rm(folder, { recursive: true });
});

function commit(...lines: string[]): void {
  const identity = ['-c', 'user.email=dev@example.com', '-c', 'user.name=Dev'];
  for (const line of lines) execFileSync('git', [...identity, ...line.split(' ')], { cwd: root });
}

const cli = (line: string, cwd = root) =>
  runCommand(cwd, line.split(' '), { COUNTERSIGN_PASSPHRASE: passphrase });
const runs = async () => (await readdir(join(root, '.countersign/runs'))).sort();

test('a run goes to another machine, which verifies and replays it with nothing but the archive and the signers', async () => {
  expect((await cli('gate run release')).exit).toBe(0);
  expect((await cli('gate sign latest --as ada')).exit).toBe(0);
  const archive = join(elsewhere, 'evidence.zip');
  const exported = await cli(`gate export latest --out ${archive}`);
  expect(exported.stdout, exported.stderr).toMatch(/SHA-256 [0-9a-f]{64}/);
  const imported = await cli('gate import evidence.zip --to received', elsewhere);
  expect(imported.stdout, imported.stderr).toContain('received: ');
  await writeFile(join(elsewhere, 'signers.yml'), stringify(testSigners([ada])));
  const verified = await cli('gate verify received --signers signers.yml', elsewhere);
  expect(verified.exit, verified.stdout).toBe(0);
  const replayed = await cli('gate replay received', elsewhere);
  expect(replayed, replayed.stdout).toMatchObject({ exit: 0, stderr: '' });
  expect(replayed.stdout).toContain('GO, as the report says: the same bytes');

  expect(await cli('gate import evidence.zip', elsewhere)).toMatchObject({ exit: 2 });
  await writeFile(join(elsewhere, 'odd.zip'), 'PK');
  const refused = await cli('gate import odd.zip --to other', elsewhere);
  expect(refused).toMatchObject({ exit: 4, stderr: expect.stringContaining('error ARCHIVE_INVALID') });
  expect((await readdir(elsewhere)).sort()).toEqual(['evidence.zip', 'odd.zip', 'received', 'signers.yml']);
}, 120_000);

test('what failed, erred, was blocked or retried is replayed, compared and kept for as long as it matters', async () => {
  const [first = ''] = await runs();
  const items = [
    fixed('there', { count: 5 }),
    fixed('few', { count: 0 }, { retries: 1, retry_after: '1ms' }),
    fixed('broken', { throws: 'no route' }),
    fixed('after', {}, { needs: ['few'] }),
    { id: 'vault', title: 'In the vault', attest: { role: 'release-manager' } },
  ];
  await writeFile(join(root, 'checklists/release.gate.yml'), gate(items));
  commit('commit -qam more');
  expect((await cli('gate run release')).exit).toBe(1);
  const second = (await runs()).find((name) => name !== first) ?? '';
  const replayed = await cli(`gate replay ${second} --json`);
  expect(replayed.exit, replayed.stdout).toBe(0);
  const { items: judged } = JSON.parse(replayed.stdout) as { items: { id: string; state: string }[] };
  expect(judged.map(({ id, state }) => `${id} ${state}`)).toEqual([
    'there passed',
    'few failed',
    'broken error',
    'after blocked',
    'vault pending',
  ]);

  const diff = await cli(`gate diff ${first} ${second} --json`);
  const { differences } = JSON.parse(diff.stdout) as { differences: { path: string; change?: string }[] };
  const found = differences.map(({ path, change }) => (change ? `${path} ${change}` : path));
  expect(found).toEqual(
    expect.arrayContaining([
      'decision',
      'items.there.facts.count +2',
      'items.watched',
      'items.few',
      'gate.sha256',
      'release.git.commit',
      'people.signed.0',
    ]),
  );

  expect((await cli('gate run release')).exit).toBe(1);
  const trial = await cli('gate prune --older-than 1ms --keep 0');
  expect(trial.stdout).toContain(`keep    ${first}  it is the last GO, ${first}`);
  expect(trial.stdout).toMatch(new RegExp(`delete  ${second}  .*NO_GO`));
  expect(trial.stdout).toContain('would delete 1 of 3 runs');
  expect(await runs()).toHaveLength(3);
  expect((await cli('gate prune --older-than 1ms --keep 0 --yes')).stdout).toContain('deleted 1 of 3 runs');
  expect(await runs()).not.toContain(second);
  expect(await runs()).toHaveLength(2);
}, 120_000);
