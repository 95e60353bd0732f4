import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Statement } from '../../report/schema.ts';
import { type CliResult, testProject } from '../../testing/cli.ts';
import { runCommand } from '../../testing/in-process.ts';

const passphrase = { COUNTERSIGN_PASSPHRASE: 'four words are enough' };
const people = { ada: 'release-manager', grace: 'engineering', kofi: 'release-manager' };
const windows = {
  windows: {
    never: { kind: 'deny', rrule: 'FREQ=DAILY', from: '00:00', duration: '1d', zone: 'UTC' },
  },
};
const gate = (change: object = {}) =>
  stringify({
    gate: 'release',
    title: 'Release',
    environment: 'production',
    release: { subjects: [{ file: 'app.bin' }] },
    waivers: { approve: 'release-manager', at_most: '14d' },
    items: [
      { id: 'open', title: 'The window is open', check: 'window', with: { windows: ['never'] } },
      {
        id: 'flip',
        title: 'It is done',
        needs: ['open'],
        check: 'window',
        with: { windows: ['never'] },
        expect: ['!open'],
      },
    ],
    sign: { require: [{ role: 'release-manager' }, { role: 'engineering' }] },
    ...change,
  });

let signers: string;
let keys: Record<string, string>;

beforeAll(async () => {
  const root = await testProject({ 'checklists/environments.yml': 'environments: {}\n' });
  const entries: object[] = [];
  keys = {};
  for (const [id, role] of Object.entries(people)) {
    const made = await cli(root, `keys new ${id} --role ${role} --email ${id}@example.com --json`);
    const { key, entry } = JSON.parse(made.stdout) as { key: string; entry: object };
    entries.push(entry);
    keys[`.countersign/keys/${id}.pem`] = await readFile(key, 'utf8');
  }
  signers = stringify({ people: entries });
});

async function project(files: Record<string, string> = {}): Promise<string> {
  const root = await testProject({
    'checklists/environments.yml': stringify({
      environments: {
        production: { title: 'Production', rehearsal: false },
        practice: { title: 'Practice', rehearsal: true },
      },
    }),
    'checklists/signers.yml': signers,
    'checklists/windows.yml': stringify(windows),
    'checklists/release.gate.yml': gate(),
    'app.bin': 'the artefact',
    '.gitignore': '.countersign/\n',
    ...keys,
    ...files,
  });
  execFileSync('git', ['init', '-q'], { cwd: root });
  commitAll(root);
  return root;
}

function commitAll(root: string, author = 'dev'): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', `user.email=${author}@example.com`, '-c', 'user.name=Dev', ...args], {
      cwd: root,
    });
  git('add', '-A');
  git('commit', '-qm', 'all');
}

function cli(root: string, line: string, ...more: string[]): Promise<CliResult> {
  return runCommand(root, [...line.split(' '), ...more], passphrase);
}

const because = ['--reason', 'a leak has to be closed today'];

/** The id of a waiver that somebody asked for, not approved yet. */
async function requested(root: string, line = 'open --expires 1d --as grace'): Promise<string> {
  const made = await cli(root, `waivers request release ${line} --json`, ...because);
  expect(made.exit, made.stderr).toBe(0);
  return (JSON.parse(made.stdout) as { waiver: { id: string } }).waiver.id;
}

const report = async (root: string) =>
  JSON.parse(await readFile(join(root, '.countersign/latest/report.json'), 'utf8')) as Statement;

describe('waivers', () => {
  it('T14: a shut window stops the cutover; a waiver by a second person lets it go on, as WAIVED everywhere', async () => {
    const root = await project();
    const shut = await cli(root, 'gate run release --requester sam@example.com');
    expect(shut.exit, shut.stderr).toBe(1);
    expect(shut.stdout).toContain('flip blocked: it needs `open`, which is failed');

    const id = await requested(root);
    expect((await cli(root, 'waivers approve', id, '--as', 'grace')).exit).not.toBe(0);
    commitAll(root);
    const unsigned = await cli(root, 'gate run release --requester sam@example.com');
    expect(unsigned.stdout).toContain(`the waiver ${id} does not count: release-manager has not approved it`);

    const approved = await cli(root, 'waivers approve', id, '--as', 'ada');
    expect(approved.stdout, approved.stderr).toContain(`${id} approved by ada`);
    commitAll(root);
    const run = await cli(root, 'gate run release --requester sam@example.com');
    expect(run.exit, run.stdout + run.stderr).toBe(0);
    expect(run.stdout).toContain('GO_WITH_WAIVERS');
    expect(run.stdout).toContain('a leak has to be closed today');
    const [open, flip] = (await report(root)).predicate.items;
    expect(open).toMatchObject({
      state: 'waived',
      waiver: { id, state: 'failed', requester: 'grace', approver: 'ada' },
    });
    expect(flip?.state).toBe('passed');
    for (const file of ['report.html', 'junit.xml']) {
      const text = await readFile(join(root, '.countersign/latest', file), 'utf8');
      expect(text).toContain('WAIVED by ada until');
      expect(text).toContain('a leak has to be closed today');
    }
    const verified = await cli(root, 'gate verify latest');
    expect(verified.stdout).toContain('open is WAIVED by ada for grace until');
    expect(verified.exit, verified.stdout).toBe(3);
  });
});
