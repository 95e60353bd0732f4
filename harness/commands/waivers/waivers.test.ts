import { execFileSync } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
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

/** One project for all that is refused before anything is written. */
let asking: string | undefined;
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
    const page = await readFile(join(root, '.countersign/latest/report.html'), 'utf8');
    expect(page).toContain('Waiver asked for by <b>grace</b>, approved by <b>ada</b>, until');
    for (const file of ['report.html', 'junit.xml']) {
      const text = await readFile(join(root, '.countersign/latest', file), 'utf8');
      expect(text).toContain('WAIVED by ada until');
      expect(text).toContain('a leak has to be closed today');
    }
    const verified = await cli(root, 'gate verify latest');
    expect(verified.stdout).toContain('open is WAIVED by ada for grace until');
    expect(verified.exit, verified.stdout).toBe(3);
  });

  it('T13: lint finds what should not be, list tells what counts, and gate lint warns', async () => {
    const root = await project();
    const sound = await requested(root);
    await cli(root, 'waivers approve', sound, '--as', 'ada');
    expect((await cli(root, 'waivers lint')).stdout).toBe('1 waiver, no findings\n');

    const waiting = await requested(root, 'flip --expires 2d --as grace');
    const wide = await requested(root, 'flip --expires 2d --as grace --state failed --state error');
    await cli(root, 'waivers approve', wide, '--as', 'ada');
    const bytes = await readFile(join(root, `checklists/waivers/${sound}.dsse.json`));
    await writeFile(join(root, 'checklists/waivers/copy.dsse.json'), bytes);
    await writeFile(join(root, 'checklists/waivers/torn.dsse.json'), bytes.subarray(0, 90));
    await writeFile(join(root, 'checklists/waivers/notes.txt'), 'ask ada');
    await symlink('/etc/hostname', join(root, 'checklists/waivers/away.dsse.json'));
    const lint = await cli(root, 'waivers lint --json');
    expect(lint.exit).toBe(1);
    const { findings } = JSON.parse(lint.stdout) as { findings: { file: string; fault: string }[] };
    expect(findings.map(({ file, fault }) => [file.split('/').at(-1)?.split('.')[0], fault]).sort()).toEqual(
      [
        ['away', 'broken'],
        ['copy', 'broken'],
        ['notes', 'broken'],
        ['torn', 'broken'],
        [waiting, 'unsigned'],
        [wide, 'over-wide'],
      ].sort(),
    );
    const list = await cli(root, 'waivers list');
    expect(list.stdout).toContain(`~ counts ${sound}`);
    expect(list.stdout).toContain(`- void   ${waiting}`);
    expect(list.stdout).toContain('release-manager has not approved it');

    await writeFile(join(root, 'checklists/release.gate.yml'), gate({ waivers: undefined }));
    const linted = await cli(root, 'gate lint');
    expect(linted.exit).toBe(0);
    expect(linted.stderr).toContain(
      `warning: checklists/waivers/${sound}.dsse.json: orphaned: the gate release takes no`,
    );
  });

  it('T13: of an item that passes by now is an orphan', async () => {
    const root = await project();
    const id = await requested(root, 'flip --expires 1d --as grace');
    await cli(root, 'waivers approve', id, '--as', 'ada');
    await writeFile(
      join(root, 'checklists/windows.yml'),
      stringify({ windows: { never: { ...windows.windows.never, kind: 'allow' } } }),
    );
    await writeFile(join(root, 'checklists/release.gate.yml'), gate().replace('"!open"', 'open'));
    const again = await requested(root, 'flip --expires 1d --as grace');
    await cli(root, 'waivers approve', again, '--as', 'ada');
    commitAll(root);
    expect((await cli(root, 'gate run release --requester sam@example.com')).exit).toBe(0);
    const lint = await cli(root, 'waivers lint');
    expect(lint.stdout).toContain(`${id}.dsse.json: orphaned: flip asks for something else`);
    expect(lint.stdout).toMatch(new RegExp(`${again}.dsse.json: orphaned: flip passed in release-`));
  });

  it.each([
    ['open --expires 30d --as grace', 'longer than the gate allows', 2],
    ['open --expires 2020-01-01T00:00:00Z --as grace', 'is not in the future', 2],
    ['open --expires soon --as grace', 'is not a duration', 2],
    ['gone --expires 1d --as grace', 'has no item `gone`', 2],
    ['open --expires 1d --as grace --expectation rows', 'is not an expectation of `open`', 2],
    ['open --expires 1d --as grace --state waived', '--state takes failed or error', 2],
    ['open --expires 1d --as nobody', "can't be read", 2],
  ])('are not asked for with `%s`', async (line, said, exit) => {
    asking ??= await project();
    const refused = await cli(asking, `waivers request release ${line}`, ...because);
    expect(refused.stderr).toContain(said);
    expect(refused.exit).toBe(exit);
  });

  it('in a rehearsal are signed by its people, and the decision is at best a rehearsal GO', async () => {
    const settings = {
      id: 'settings',
      title: 'Settings are whole',
      check: 'env',
      with: { from: { file: 'app.bin' }, required: ['KEY'] },
      expect: ['size(missing) == 0'],
    };
    const root = await project({
      'app.bin': 'OTHER=1\n',
      'checklists/release.gate.yml': gate({ items: [settings] }),
    });
    expect((await cli(root, 'gate run release --env practice')).exit).toBe(1);
    const as = '--env practice --as rehearsal-engineering';
    const id = await requested(root, `settings --expires 1h ${as}`);
    expect((await cli(root, 'waivers approve', id, '--as', 'rehearsal-engineering')).stderr).toContain(
      'approved what they asked for',
    );
    expect((await cli(root, 'waivers approve', id, '--as', 'rehearsal-release-manager')).exit).toBe(0);
    const run = await cli(root, 'gate run release --env practice');
    expect(run.stdout).toContain('REHEARSAL_GO  1 waived');
    expect((await cli(root, 'waivers lint')).exit).toBe(0);
  });
});
