import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Statement } from '../../report/schema.ts';
import { type CliResult, fixedKindConfig, runCli, testProject } from '../../testing/cli.ts';

const passphrase = { COUNTERSIGN_PASSPHRASE: 'four words are enough' };
const gate = (items: object[], sign: object = {}) =>
  stringify({
    gate: 'release',
    title: 'Release',
    environment: 'production',
    release: { subjects: [{ file: 'app.bin' }] },
    items,
    sign: { require: [{ role: 'release-manager' }, { role: 'engineering' }], ...sign },
  });
const measured = {
  id: 'measured',
  title: 'Something is there',
  check: 'fixed',
  with: { count: 3, print: 'seen' },
};
const vault = { id: 'vault', title: 'In the vault', attest: { role: 'security', about: ['measured'] } };

let people: object[];
let keys: Record<string, string>;

/** Real keys, made by the command as a person would. */
beforeAll(async () => {
  const root = await testProject({ 'checklists/environments.yml': 'environments: {}\n' });
  people = [];
  keys = {};
  const roles = { ada: 'release-manager', grace: 'engineering', kofi: 'security' };
  for (const [id, role] of Object.entries(roles)) {
    const made = await runCli(
      root,
      ['keys', 'new', id, '--role', role, '--email', `${id}@example.com`, '--json'],
      passphrase,
    );
    expect(made.exit, made.stderr).toBe(0);
    const { key, entry } = JSON.parse(made.stdout) as { key: string; entry: object };
    people.push(entry);
    keys[id] = await readFile(key, 'utf8');
  }
});

async function project(items: object[], sign?: object): Promise<string> {
  const root = await testProject({
    'checklists/environments.yml': stringify({
      environments: { production: { title: 'Production', rehearsal: false } },
    }),
    'checklists/signers.yml': stringify({ people }),
    'checklists/release.gate.yml': gate(items, sign),
    'countersign.config.ts': fixedKindConfig(),
    'app.bin': 'the artefact',
    '.gitignore': '.countersign/\n',
    ...Object.fromEntries(Object.entries(keys).map(([id, pem]) => [`.countersign/keys/${id}.pem`, pem])),
  });
  await commitAll(root);
  return root;
}

async function commitAll(root: string): Promise<void> {
  const { execFileSync } = await import('node:child_process');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.email=dev@example.com', '-c', 'user.name=Dev', ...args], { cwd: root });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'all');
}

const cli = (root: string, line: string, ...more: string[]): Promise<CliResult> =>
  runCli(root, [...line.split(' '), ...more], passphrase);
/** Until the run has looked at the checkout and begins with its items. */
async function journalBegun(root: string): Promise<void> {
  const file = join(root, '.countersign/latest/journal.jsonl');
  while (!(await readFile(file, 'utf8').catch(() => '')).includes('attempt-started')) await setTimeout(20);
}

const report = async (root: string) =>
  JSON.parse(await readFile(join(root, '.countersign/latest/report.json'), 'utf8')) as Statement;

it('makes no key for a role that no signers file may name', async () => {
  const root = await testProject({ 'checklists/environments.yml': 'environments: {}\n' });
  const made = await runCli(root, ['keys', 'new', 'zoe', '--role', 'release manager'], passphrase);
  expect(made).toMatchObject({ exit: 2, stderr: expect.stringContaining("can't be a role") });
});

describe('a gate with people', () => {
  it('H3, H4: waits for an attestation, takes two signatures, and verifies as GO', async () => {
    const root = await project([measured, vault]);
    const run = await cli(root, 'gate run release --requester sam@example.com');
    expect(run.exit, run.stderr).toBe(3);
    expect(run.stdout).toContain('vault pending: security has to attest this');

    expect((await cli(root, 'gate sign latest --as ada')).stderr).toContain('the decision is INCONCLUSIVE');
    expect((await cli(root, 'gate attest latest vault --as ada')).stderr).toContain(
      'does not have the role security',
    );
    const attested = await cli(root, 'gate attest latest vault --as kofi --comment', 'seen in the vault');
    expect(attested.stdout, attested.stderr).toContain('GO');

    expect((await cli(root, 'gate verify latest')).exit).toBe(3);
    expect((await cli(root, 'gate sign latest --as ada')).stdout).toContain('still to sign: engineering');
    const signed = await cli(root, 'gate sign latest --as grace');
    expect(signed.stdout, signed.stderr).toContain('every role has signed');

    const deploy = 'gate verify latest --for deploy --ledger .countersign/used.jsonl';
    expect(await cli(root, deploy)).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('there is no ledger .countersign/used.jsonl'),
    });
    const verified = await cli(root, `${deploy} --new-ledger`);
    expect(verified.stdout).toContain('1 of 1 given, each signed and about this evidence');
    expect(verified.exit, verified.stdout).toBe(0);
    const anew = await cli(root, `${deploy} --new-ledger`);
    expect(anew.stderr).toContain('the ledger .countersign/used.jsonl is there already');
    expect(await cli(root, deploy)).toMatchObject({
      exit: 1,
      stdout: expect.stringContaining('was used before'),
    });
    const summary = await cli(root, 'gate statement latest --type vsa');
    expect(summary.stdout, summary.stderr).toContain('"verificationResult": "PASSED"');
    expect((await report(root)).predicate.items[1]?.attest).toMatchObject({
      person: 'kofi',
      comment: 'seen in the vault',
    });
  });

  it('is not signed for everyone outside a rehearsal, which is said before anything runs', async () => {
    const root = await project([measured]);
    const run = await cli(root, 'gate run release --sign');
    expect(run).toMatchObject({ exit: 2, stderr: expect.stringContaining('it is for rehearsals only') });
    expect(run.stderr).not.toContain(measured.title);
    expect((await cli(root, 'gate status')).stdout).toContain('never begun');
  });

  it('T6: refuses to sign twice with one key, and to answer an item after the first signature', async () => {
    const root = await project([measured]);
    await cli(root, 'gate run release');
    expect((await cli(root, 'gate sign latest --as ada')).exit).toBe(0);
    const twice = await cli(root, 'gate sign latest --as ada');
    expect(twice).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('ada has signed this report already'),
    });
    const late = await cli(root, 'gate attest latest vault --as kofi');
    expect(late).toMatchObject({ exit: 2, stderr: expect.stringContaining('the report is signed already') });
  });

  it('a rejection makes it NO_GO, and nobody can sign that', async () => {
    const root = await project([measured, vault]);
    await cli(root, 'gate run release');
    const rejected = await cli(
      root,
      'gate attest latest vault --as kofi --reject --comment',
      'the old key is still there',
    );
    expect(rejected.stdout).toContain('NO_GO');
    expect((await report(root)).predicate.reasons[0]?.text).toContain('the old key is still there');
    expect((await cli(root, 'gate sign latest --as ada')).stderr).toContain('the decision is NO_GO');
    expect((await cli(root, 'gate verify latest')).exit).toBe(1);
  });

  it('T2: one changed byte of the report makes it invalid, and nothing can be signed', async () => {
    const root = await project([measured]);
    await cli(root, 'gate run release');
    await cli(root, 'gate sign latest --as ada');
    const file = join(root, '.countersign/latest/report.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"count": 3', '"count": 4'));
    const verified = await cli(root, 'gate verify latest');
    expect(verified).toMatchObject({
      exit: 4,
      stdout: expect.stringContaining('invalid: this report proves nothing'),
    });
    expect((await cli(root, 'gate sign latest --as grace')).exit).toBe(4);
  });

  it('T8: whoever asked for the sign-off, or wrote the release, cannot sign', async () => {
    const root = await project([measured]);
    await cli(root, 'gate run release --requester ada@example.com');
    expect((await cli(root, 'gate sign latest --as ada')).exit).toBe(2);
  });

  it('a failed item is NO_GO with the values that it saw; an error is INCONCLUSIVE with its cause', async () => {
    const failing = await project([
      { ...measured, with: { count: 0 } },
      { ...measured, id: 'after', needs: ['measured'] },
    ]);
    const failed = await cli(failing, 'gate run release');
    expect(failed).toMatchObject({
      exit: 1,
      stdout: expect.stringContaining('measured failed: expected `count > 0`, but count = 0'),
    });
    expect(failed.stdout).toContain('after blocked: it needs `measured`, which is failed');
    const erring = await project([{ ...measured, with: { count: 1, throws: 'no route' } }]);
    const erred = await cli(erring, 'gate run release');
    expect(erred).toMatchObject({ exit: 3, stdout: expect.stringContaining('measured error: no route') });
  });

  it('an item that does not end in its time is an error, and does not hold the gate', async () => {
    const root = await project([{ ...measured, timeout: '200ms', with: { count: 1, wait_ms: 60_000 } }]);
    expect(await cli(root, 'gate run release')).toMatchObject({
      exit: 3,
      stdout: expect.stringContaining('no answer within 200ms'),
    });
  });

  it('T23: lint refuses a gate that nobody can sign', async () => {
    const root = await project([{ ...vault, attest: { role: 'astronaut' } }], {
      require: [{ role: 'engineering', count: 2 }],
    });
    const { exit, stdout } = await cli(root, 'gate lint');
    expect(exit).toBe(2);
    expect(stdout).toContain('2 of role `engineering` must sign, and the signers file has 1');
    expect(stdout).toContain('nobody in the signers file has the role `astronaut`');
  });

  it('T23: lint refuses an item that would wait for a person who answers only after the run', async () => {
    const root = await project([vault, { ...measured, needs: ['vault'] }]);
    const { exit, stdout } = await cli(root, 'gate lint');
    expect(exit).toBe(2);
    expect(stdout).toContain('`measured` could never begin: it needs `vault`');
  });

  it('T3: what changes while the gate runs is not released', async () => {
    const slow = { ...measured, with: { count: 1, wait_ms: 1_500 } };
    const changed = await project([slow]);
    const run = cli(changed, 'gate run release');
    await journalBegun(changed);
    await writeFile(join(changed, 'app.bin'), 'another artefact');
    expect(await run).toMatchObject({ exit: 2, stderr: expect.stringContaining('`app.bin` changed while') });

    const moved = await project([slow]);
    const second = cli(moved, 'gate run release');
    await journalBegun(moved);
    await writeFile(join(moved, 'more'), 'more');
    await commitAll(moved);
    expect(await second).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('moved to another commit'),
    });
  });

  it('outside a rehearsal a dirty work tree stops the run', async () => {
    const root = await project([measured]);
    await writeFile(join(root, 'app.bin'), 'changed');
    expect(await cli(root, 'gate run release')).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('changes that are not committed'),
    });
  });

  it('names what is not committed: the folder of the runs, where nobody ignores it', async () => {
    const root = await project([measured]);
    await rm(join(root, '.gitignore'));
    await appendFile(join(root, '.git/config'), '[status]\n\tshowUntrackedFiles = no\n');
    const { stderr } = await cli(root, 'gate run release');
    expect(stderr).toContain('.gitignore, .countersign/ (`.countersign/` belongs into .gitignore)');
  });

  it('status and show tell what is waited for', async () => {
    const root = await project([measured, vault]);
    await cli(root, 'gate run release');
    expect((await cli(root, 'gate status')).stdout).toContain('waits for vault (security)');
    expect((await cli(root, 'gate show latest measured')).stdout).toContain('true   count > 0');
    expect(await cli(root, 'gate show latest nothing')).toMatchObject({ exit: 2 });
  });
});
