import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { runCli, testProject } from '../../testing/cli.ts';

const repo = resolve(import.meta.dirname, '../../..');

const specs = `import { expect, test } from '@playwright/test';
test('greets', { tag: ['@orders', '@readonly'] }, () => expect(process.env.GREETING).toBe('hello hunter2-hunter2'));
test('orders', { tag: ['@orders', '@writes'] }, () => {});
test('breaks', { tag: '@broken' }, () => expect(process.env.GREETING).toBe('bye'));
test('wavers', { tag: '@wavering' }, ({}, { retry }) => expect(retry).toBe(1));
`;

describe('smoke run', () => {
  let root: string;
  beforeAll(async () => {
    const environment = (title: string, writes: boolean) => ({
      title,
      rehearsal: true,
      writes,
      vars: { greeting: 'hello' },
      secrets: { WORD: { env: 'WORD' } },
      smoke: { env: { GREETING: '${vars.greeting} ${secret.WORD}' } },
    });
    root = await testProject({
      'package.json': '{"type": "module"}',
      'playwright.config.ts': `export default { testDir: 'smoke', retries: 1 };`,
      'smoke/orders.spec.ts': specs,
      'checklists/environments.yml': stringify({
        environments: { staging: environment('Staging', true), production: environment('Production', false) },
      }),
    });
    await symlink(join(repo, 'node_modules'), join(root, 'node_modules'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const run = (...args: string[]) => runCli(root, ['smoke', 'run', ...args], { WORD: 'hunter2-hunter2' });

  it('passes, and shows each test', async () => {
    const { exit, stdout, stderr } = await run('--env', 'staging', '--tag', '@orders', '--repeat', '2');
    expect(exit, stderr).toBe(0);
    expect(stdout).toMatch(/✓ passed {4}greets {2}smoke\/orders\.spec\.ts/);
    expect(stdout).toMatch(/^passed {2}4 passed \(/m);
  });

  it('names what it leaves out where nothing may be written', async () => {
    const { exit, stdout } = await run('--env', 'production', '--tag', 'orders');
    expect(exit).toBe(0);
    expect(stdout).toContain('- left out  orders  smoke/orders.spec.ts');
    expect(stdout).toContain('read-only: tests tagged @writes are left out');
    expect(stdout).toMatch(/^passed {2}1 passed, 1 left out/m);
  });

  it('exits with 1 for a failure, keeps its traces, and shows no secret', async () => {
    const { exit, stdout, stderr } = await run('--env', 'staging', '--grep', 'breaks', '--json');
    expect(exit, stderr).toBe(1);
    const answer = JSON.parse(stdout) as { folder: string; tests: { error: string }[] };
    expect(answer).toMatchObject({ state: 'failed', environment: 'staging', failed: 1 });
    expect(answer.tests[0]?.error).toContain('Received: "hello [redacted]"');
    const files = await readdir(join(root, answer.folder), { recursive: true });
    expect(files).toEqual(expect.arrayContaining(['playwright.json', 'tests/1-breaks/1-error-context.md']));
  });

  it('exits with 1 for a test that passed only after a retry, which is flaky', async () => {
    const { exit, stdout } = await run('--env', 'staging', '--tag', '@wavering');
    expect(exit).toBe(1);
    expect(stdout).toMatch(/≈ flaky {5}wavers/);
    expect(stdout).toContain('expected `flaky == 0`, but flaky = 1');
  });

  it('exits with 3 when no test ran', async () => {
    const { exit, stdout, stderr } = await run('--env', 'staging', '--tag', '@nothing');
    expect([exit, stdout]).toEqual([3, '']);
    expect(stderr).toContain('error NO_DATA: no test ran');
    expect(stderr).toMatch(/^kept in \.countersign\/smoke\/[\w-]+$/m);
  });

  it.each([
    [['--shard', '4/3'], '`4/3` is no shard'],
    [['--grep', '('], 'Invalid regular expression'],
    [['--repeat', '0'], '--repeat takes a whole number'],
  ])('exits with 2 for %o', async (flags, message) => {
    const { exit, stderr } = await run('--env', 'staging', ...flags);
    expect(exit).toBe(2);
    expect(stderr).toContain(message);
  });

  it('exits with 2 when there are several environments, none of them local, and none is named', async () => {
    const { exit, stderr } = await run();
    expect(exit).toBe(2);
    expect(stderr).toContain('environments: staging, production');
  });

  it('works from a folder below', async () => {
    await mkdir(join(root, 'deep'), { recursive: true });
    const args = ['smoke', 'run', '--env', 'staging', '--grep', 'greets'];
    const { exit, stdout } = await runCli(join(root, 'deep'), args, { WORD: 'hunter2-hunter2' });
    expect(exit).toBe(0);
    expect(stdout).toContain('kept in ../.countersign/smoke/');
  });
});
