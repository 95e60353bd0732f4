import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningStack } from '#harness/stack/stack.ts';
import { cliIn, copyOfRepo, stackIn } from '#harness/testing/repo-copy.ts';

const STACK_MS = 120_000;

interface Answer {
  state: string;
  folder: string;
  total: number;
  tests: { title: string; state: string; tags: string[]; error: string }[];
  left_out: { title: string }[];
}

describe('smoke run on the local stack', () => {
  let root: string;
  let stack: RunningStack;
  beforeAll(async () => {
    root = await copyOfRepo();
    stack = await stackIn(root);
  }, STACK_MS);
  afterAll(async () => {
    await stack?.stop();
    await rm(root, { recursive: true, force: true });
  });

  async function smoke(...flags: string[]): Promise<{ exit: number | null; answer: Answer; all: string }> {
    const { exit, stdout, stderr } = await cliIn(root, [
      'smoke',
      'run',
      '--env',
      'local',
      '--json',
      ...flags,
    ]);
    return { exit, answer: JSON.parse(stdout || '{}') as Answer, all: stdout + stderr };
  }

  it('every promise of the Mono suite is kept', { timeout: STACK_MS }, async () => {
    const { exit, answer, all } = await smoke('--tag', '@mono');
    expect(exit, all).toBe(0);
    expect(answer.state).toBe('passed');
    expect(answer.total).toBeGreaterThanOrEqual(15);
    expect(answer.tests.filter(({ state }) => state !== 'passed')).toEqual([]);
    expect(
      answer.tests.filter(({ tags }) => tags.includes('@readonly') === tags.includes('@writes')),
    ).toEqual([]);
  });

  it('where nothing may be written, tests that write are named and not run', {
    timeout: STACK_MS,
  }, async () => {
    const { exit, answer, all } = await smoke('--read-only', '--grep', 'link session');
    expect(exit, all).toBe(0);
    expect(answer.tests.map(({ tags }) => tags)).toEqual([['@mono', '@readonly']]);
    expect(answer.left_out).toMatchObject([{ title: expect.stringContaining('a link session opens') }]);
  });

  it('a broken promise is exit code 1, told with its cause, and its trace is kept', {
    timeout: STACK_MS,
  }, async () => {
    const file = join(root, 'checklists/environments.yml');
    const text = await readFile(file, 'utf8');
    const broken = text.replaceAll('SMOKE_TOKEN_ADMIN: ${secret.ADMIN_TOKEN}', 'SMOKE_TOKEN_ADMIN: nobody');
    await writeFile(file, broken);
    const { exit, answer, all } = await smoke('--tag', '@mono', '--grep', 'nobody else may');
    expect(exit, all).toBe(1);
    expect(answer.tests).toMatchObject([
      { state: 'failed', error: expect.stringContaining('Received: 401') },
    ]);
    const results = await readFile(join(root, answer.folder, 'playwright.json'), 'utf8');
    expect(results).toContain('trace.zip');
    await writeFile(file, text);
  });
});
