import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { sha256 } from '../../sign/statement.ts';
import { fixedKindConfig, testProject } from '../../testing/cli.ts';
import { runCommand } from '../../testing/in-process.ts';
import { passphrase, testPerson, testSigners } from '../../testing/run-folder.ts';

const ada = testPerson('ada', ['release-manager']);
const grace = testPerson('grace', ['engineering']);
const kofi = testPerson('kofi', ['security']);
const zoe = testPerson('zoe', ['release-manager']);
const people = [ada, grace, kofi, zoe];
const roots: string[] = [];
afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true }))));

const measured = { id: 'measured', title: 'Something is there', check: 'fixed', with: { count: 3 } };
const vault = { id: 'vault', title: 'In the vault', attest: { role: 'security', about: ['measured'] } };
const gate = {
  gate: 'release',
  title: 'Release',
  environment: 'production',
  items: [measured, vault],
  sign: { require: [{ role: 'release-manager' }, { role: 'engineering' }] },
};

async function project(): Promise<string> {
  const root = await testProject({
    'checklists/environments.yml': stringify({
      environments: { production: { title: 'Production', rehearsal: false } },
    }),
    'checklists/signers.yml': stringify(testSigners(people)),
    'checklists/release.gate.yml': stringify(gate),
    'countersign.config.ts': fixedKindConfig(),
    '.gitignore': '.countersign/\n',
    ...Object.fromEntries(
      people.map(({ id, keys }) => [`.countersign/keys/${id}.pem`, keys[0]?.privatePem ?? '']),
    ),
  });
  roots.push(root);
  commitAll(root);
  return root;
}

function commitAll(root: string): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.email=dev@example.com', '-c', 'user.name=Dev', ...args], { cwd: root });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'all');
}

const cli = (root: string, line: string, ...more: string[]) =>
  runCommand(root, [...line.split(' '), ...more], { COUNTERSIGN_PASSPHRASE: passphrase });

describe('what people say about a report', () => {
  it('H8: a remark outlives an answer, and a GO that is withdrawn releases nothing', async () => {
    const root = await project();
    expect((await cli(root, 'gate run release --requester sam@example.com')).exit).toBe(3);
    const explained = await cli(root, 'gate explain latest');
    expect(explained.stdout, explained.stderr).toContain('who: Kofi (kofi, security)');
    expect(explained.stdout).toContain('countersign gate attest latest vault --as kofi');

    const comment = await cli(root, 'gate comment latest --as kofi --json --text', 'seen <b>there</b>');
    expect(JSON.parse(comment.stdout)).toMatchObject({ type: 'comment', person: 'kofi', rejected: false });
    expect((await cli(root, 'gate attest latest vault --as kofi')).exit).toBe(0);
    for (const who of ['ada', 'grace'])
      expect((await cli(root, `gate sign latest --as ${who}`)).exit).toBe(0);
    const verified = await cli(root, 'gate verify latest');
    expect(verified.exit, verified.stdout).toBe(0);
    expect(verified.stdout).toContain('comment by Kofi (kofi)');

    const withdrawn = await cli(root, 'gate withdraw latest --go --as kofi --reason', 'the supplier is down');
    expect(withdrawn.stdout, withdrawn.stderr).toContain('the GO is withdrawn by Kofi');
    expect(await cli(root, 'gate verify latest')).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('GO, withdrawn'),
    });
    expect(await cli(root, 'gate verify latest --for deploy --no-ledger')).toMatchObject({
      exit: 1,
      stdout: expect.stringContaining('the GO was withdrawn by Kofi (kofi)'),
    });
    await writeFile(join(root, 'checklists/easy.gate.yml'), stringify({ ...gate, gate: 'easy' }));
    expect(await cli(root, 'gate verify latest --for deploy --no-ledger')).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('needs --gate GATE: this repo has several'),
    });
    expect((await cli(root, 'gate status')).stdout).toContain('withdrew the GO: the supplier is down');
    expect((await cli(root, 'gate show latest')).stdout).toMatch(/^GO, withdrawn/m);
  });

  it('counts the roles that have signed, not signatures, and believes none that does not verify', async () => {
    const root = await project();
    await cli(root, 'gate run release --requester sam@example.com');
    await cli(root, 'gate attest latest vault --as kofi');
    expect((await cli(root, 'gate sign latest --as ada')).stdout).toContain('as release-manager\n');
    expect((await cli(root, 'gate sign latest --as zoe')).stdout).toContain('their role had signed already');
    const status = await cli(root, 'gate status');
    expect(status.stdout, status.stderr).toMatch(/signed 1 of 2\n +waits for 1 more to sign/);
    const envelope = join(root, '.countersign/latest/signoff.dsse.json');
    const { signatures, ...rest } = JSON.parse(await readFile(envelope, 'utf8'));
    const forged = { keyid: grace.keys[0]?.id, sig: signatures[0].sig };
    await writeFile(envelope, JSON.stringify({ ...rest, signatures: [signatures[0], forged] }));
    const lied = await cli(root, 'gate status');
    expect(lied.stdout, lied.stderr).toMatch(/signed 0 of 2\n +who signed can not be told: /);
  });

  it('H8: a rejection turns a report that waits into a NO_GO, and nobody answers or signs after it', async () => {
    const root = await project();
    await cli(root, 'gate run release --requester sam@example.com');
    expect((await cli(root, 'gate reject latest --as grace')).stderr).toContain('--reason TEXT is missing');
    expect((await cli(root, 'gate reject latest --as grace --reason', ' ')).stderr).toContain(
      '--reason is empty',
    );
    const rejected = await cli(root, 'gate reject latest --as grace --reason', 'not these totals');
    expect(rejected).toMatchObject({ exit: 0, stdout: expect.stringContaining('the gate reads NO_GO') });
    expect((await cli(root, 'gate verify latest')).exit).toBe(1);
    expect(await cli(root, 'gate attest latest vault --as kofi')).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('(rejection) speaks of the report as it is'),
    });
    const explained = JSON.parse((await cli(root, 'gate explain latest --json')).stdout);
    expect(explained).toMatchObject({ decision: 'NO_GO', obstacles: [{ who: [{ id: 'grace' }] }, {}] });
    expect((await cli(root, 'gate revoke latest SHA256:short --as ada --reason x')).exit).toBe(2);
    const key = ada.keys[0]?.id;
    expect(
      (await cli(root, `gate revoke latest ${key} --as grace --at 2026-02-30T00:00:00Z --reason x`)).stderr,
    ).toContain('--at takes a time in UTC');
  });
});

describe('a signers file that is signed', () => {
  it('H4: is refused until enough people of the one before it have signed', async () => {
    const root = await project();
    const file = join(root, 'checklists/signers.yml');
    await writeFile(file, stringify({ threshold: 2, ...testSigners(people) }));
    expect(await cli(root, 'gate lint')).toMatchObject({
      exit: 2,
      stdout: expect.stringContaining('there is no signers.yml.dsse.json beside it'),
    });
    expect((await cli(root, 'keys sign-signers checklists/signers.yml --as ada')).stdout).toContain(
      'still to sign: 1 of 2',
    );
    expect((await cli(root, 'keys sign-signers checklists/signers.yml --as ada')).stderr).toContain(
      'ada has signed this file already',
    );
    expect((await cli(root, 'keys sign-signers checklists/signers.yml --as grace')).stdout).toContain(
      'enough people',
    );
    expect((await cli(root, 'gate lint')).exit).toBe(0);

    const first = await readFile(file);
    await writeFile(join(root, 'old.yml'), first);
    await writeFile(file, stringify({ threshold: 1, previous: sha256(first), ...testSigners([ada]) }));
    const signing = 'keys sign-signers checklists/signers.yml --previous old.yml --as';
    expect((await cli(root, `${signing} ada`)).exit).toBe(0);
    expect(await cli(root, 'keys verify-signers checklists/signers.yml --previous old.yml')).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining('2 people must have signed it, and only ada did'),
    });
    expect((await cli(root, `${signing} kofi`)).stdout).toContain('signed by ada, kofi');
    const chain = await cli(root, 'keys verify-signers checklists/signers.yml');
    expect(chain.stdout, chain.stderr).toContain('the first file: trust it only if you know this digest');
    expect(chain.exit).toBe(0);
  });
});
