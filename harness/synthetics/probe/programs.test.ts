import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeContext } from '../../testing/probe-context.ts';
import type { BrowserCheck, ScriptCheck } from '../check-schema.ts';
import { probe } from './probe.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-probe-'));
  await symlink(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
});
afterAll(() => rm(root, { recursive: true }));

const context = () => probeContext({ root, values: { 'secret.KEY': 'hunter22' } });

describe('a script probe', () => {
  const run = async (text: string, more: Partial<ScriptCheck> = {}) => {
    await writeFile(join(root, 'it.mjs'), text);
    return probe({ name: 'fetch', type: 'script', run: 'it.mjs', timeout: '20s', ...more }, context());
  };

  it('reads the lines of JSON that the program prints, and judges them', async () => {
    const found = await run(
      `console.log(JSON.stringify({ event: 'page', n: 1 })); console.log(JSON.stringify({ fetched: Number(process.argv[2]), key: process.env.KEY }));`,
      { args: ['3'], env: { KEY: '${secret.KEY}' }, expect: ['summary.fetched > 0', 'events.size() == 1'] },
    );
    expect(found).toMatchObject({
      state: 'passed',
      facts: { exit_code: 0, summary: { fetched: 3, key: '[redacted]' }, events: [{ event: 'page', n: 1 }] },
    });
    expect(JSON.stringify(found)).not.toContain('hunter22');
  });

  it('fails by the exit code, and is an error where the program says that it could not tell', async () => {
    expect(await run('console.error("no such account"); process.exit(1)')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('script it.mjs ended with 1, expected 0'),
      saw: 'no such account',
    });
    expect(await run('process.exit(3)')).toMatchObject({ state: 'error' });
    expect(await run('process.exit(3)', { success_criteria: [{ exit_code: 3 }] })).toMatchObject({
      state: 'passed',
    });
    expect(await run('', { run: 'nowhere' })).toMatchObject({
      state: 'error',
      reason: expect.stringContaining('could not be started'),
    });
  });

  it('is ended when its time is up', async () => {
    const found = await run('setInterval(() => {}, 1000)', { timeout: '200ms' });
    expect(found).toMatchObject({
      state: 'failed',
      reason: 'script it.mjs was not done within 200ms: it waited for the end of the program',
    });
  });
});

describe('a browser probe', () => {
  const run = async (body: string, more: Partial<BrowserCheck> = {}) => {
    const head = `import { expect, test } from '@playwright/test';\n`;
    await writeFile(join(root, 'shop.spec.mjs'), `${head}${body}`);
    const check = { name: 'shop', type: 'browser' as const, file: 'shop.spec.mjs', timeout: '30s', ...more };
    return probe(check, context());
  };

  it('runs the tests of its file, and tells the first that failed', async () => {
    const passing = `test('home', () => { expect(process.env.KEY).toBe('hunter22'); });`;
    expect(await run(passing, { env: { KEY: '${secret.KEY}' } })).toMatchObject({
      state: 'passed',
      facts: { passed: 1, failed: 0 },
    });
    const failing = `test('basket', () => { expect(1).toBe(2); });\ntest('home', () => {});`;
    expect(await run(failing)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^browser test shop.spec.mjs had 1 failed test: basket: /),
      facts: { passed: 1, failed: 1 },
    });
  });

  it('is flaky where a test passed after a retry of its own', async () => {
    const once = `test.describe.configure({ retries: 1 });
      test('basket', ({}, info) => { expect(info.retry).toBe(1); });`;
    expect(await run(once)).toMatchObject({
      state: 'flaky',
      reason: 'browser test shop.spec.mjs passed after a retry of 1 test only',
      facts: { flaky: 1, failed: 0 },
    });
  });

  it('is an error where no test ran', async () => {
    expect(await run(`test.skip('home', () => {});`)).toMatchObject({
      state: 'error',
      reason: expect.stringContaining('no test ran'),
    });
  });
});
