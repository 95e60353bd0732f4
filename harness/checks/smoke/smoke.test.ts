import { mkdir, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../commands/clock.ts';
import { testProject } from '../../testing/cli.ts';
import { type TestContext, type TestContextOptions, testContext } from '../../testing/context.ts';
import { kindContract } from '../contract.ts';
import type { LintContext } from '../define.ts';
import smoke from './smoke.ts';

const repo = resolve(import.meta.dirname, '../../..');
const roots: string[] = [];
afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true, force: true }))));

/** A user's repo with Playwright in it. `tests` stands below the import line of the one spec file. */
async function project(tests: string, more: Record<string, string> = {}): Promise<string> {
  const root = await testProject({
    'package.json': '{"type": "module"}',
    'playwright.config.ts': `export default { testDir: 'smoke', retries: 1, workers: 2 };`,
    'smoke/it.spec.ts': `import { expect, test } from '@playwright/test';\n${tests}`,
    ...more,
  });
  roots.push(root);
  await symlink(join(repo, 'node_modules'), join(root, 'node_modules'));
  return root;
}

const contextIn = (root: string, given: TestContextOptions = {}): TestContext =>
  testContext({ root, tools: { node: execPath }, clock: systemClock, ...given });

async function measure(tests: string, options = {}, given: TestContextOptions = {}) {
  const context = contextIn(await project(tests), given);
  const { facts } = await smoke.measure(options, context);
  return { facts, context };
}

const passing = `test('works', () => {});`;

describe('smoke', () => {
  it('tells for each test how it went, and keeps the results', async () => {
    const { facts, context } = await measure(`
      test('passes', { tag: ['@api', '@readonly'] }, () => {});
      test.describe('group', () => test('fails', () => expect(1, 'one is two').toBe(2)));
      test('second time lucky', ({}, { retry }) => expect(retry).toBe(1));
      test('hangs', async () => { test.setTimeout(200); await new Promise(() => {}); });
      test('later', () => test.skip(true, 'not on Sundays'));
      test('fails no more', () => test.fail());
      test('fails as ever', () => { test.fail(); throw new Error('known'); });
      test.describe.serial('chain', () => {
        test('breaks', () => { throw new Error('link'); });
        test('waits for it', () => {});
      });`);
    const states = Object.fromEntries(facts.tests.map(({ title, state, error }) => [title, [state, error]]));
    expect(states).toEqual({
      passes: ['passed', ''],
      'group › fails': ['failed', 'Error: one is two; Expected: 2; Received: 1'],
      'second time lucky': ['flaky', expect.stringContaining('toBe(expected)')],
      hangs: ['timed_out', 'Test timeout of 200ms exceeded.'],
      later: ['skipped', 'not on Sundays'],
      'fails no more': ['failed', 'it passed, although it was expected to fail'],
      'fails as ever': ['failed', 'it fails, as `test.fail` says: Error: known'],
      'chain › breaks': ['failed', 'Error: link'],
      'chain › waits for it': ['skipped', 'it did not run'],
    });
    expect(facts).toMatchObject({
      total: 9,
      passed: 1,
      flaky: 1,
      failed: 4,
      timed_out: 1,
      skipped: 1,
      did_not_run: 1,
      broken: expect.arrayContaining([
        'group › fails: Error: one is two; Expected: 2; Received: 1',
        'hangs: Test timeout of 200ms exceeded.',
        'chain › waits for it: it did not run',
      ]),
      read_only: false,
      left_out: [],
      playwright: expect.stringMatching(/^1\./),
    });
    expect(facts.broken).toHaveLength(6);
    const [first] = facts.tests;
    expect(first).toMatchObject({ file: 'smoke/it.spec.ts', tags: ['@api', '@readonly'], attempts: 1 });
    expect(facts.tests.find(({ title }) => title === 'second time lucky')?.attempts).toBe(2);
    expect([...context.artifacts.keys()]).toEqual(
      expect.arrayContaining(['playwright.txt', 'playwright.json']),
    );
    expect(context.artifacts.get('playwright.json')).not.toContain('workers');
  });

  it('runs only tests that have every tag and fit the pattern', async () => {
    const tests = `
      test('one', { tag: ['@api', '@read'] }, () => {});
      test('two', { tag: ['@api', '@readonly'] }, () => {});
      test('two and a half', { tag: '@readonly' }, () => {});`;
    const root = await project(tests);
    const titles = async (options: object) =>
      (await smoke.measure(options, contextIn(root))).facts.tests.map(({ title }) => title);
    expect(await titles({ tags: ['api', '@readonly'] })).toEqual(['two']);
    expect(await titles({ tags: ['read'] })).toEqual(['one']);
    expect(await titles({ grep: 'one|half' })).toEqual(['one', 'two and a half']);
    expect(await titles({ grep: 'two', tags: ['@readonly'] })).toEqual(['two', 'two and a half']);
  });

  it('repeats each test, and runs a shard alone', async () => {
    const root = await project(`${passing} test('works too', () => {});`, {
      'playwright.config.ts': `export default { testDir: 'smoke', fullyParallel: true };`,
    });
    expect((await smoke.measure({ repeat: 3 }, contextIn(root))).facts.passed).toBe(6);
    const shards = await Promise.all(
      ['1/2', '2/2'].map(async (shard) => (await smoke.measure({ shard }, contextIn(root))).facts.tests),
    );
    expect(shards.map(([test]) => test?.title).sort()).toEqual(['works', 'works too']);
  });

  it('leaves out tests that write where nothing may be written, and names them', async () => {
    const tests = `
      import { writeFileSync } from 'node:fs';
      test('reads', { tag: '@readonly' }, () => {});
      test('writes', { tag: '@writes' }, () => writeFileSync('written', ''));`;
    for (const [options, environment] of [
      [{ read_only: false }, { writes: false }],
      [{ read_only: true }, { writes: true }],
    ] as const) {
      const { facts } = await measure(tests, options, { environment });
      expect(facts).toMatchObject({ passed: 1, total: 1, read_only: true, left_out_total: 1 });
      expect(facts.left_out).toEqual([{ title: 'writes', file: 'smoke/it.spec.ts', project: '' }]);
    }
    const all = await measure(tests, {}, { environment: { writes: true } });
    expect(all.facts).toMatchObject({ passed: 2, read_only: false, left_out: [] });
    await expect(
      measure(tests, { tags: ['@writes'] }, { environment: { writes: false } }),
    ).rejects.toMatchObject({
      code: 'NO_DATA',
      message: 'no test ran: 1 left out because they write',
    });
  });

  it('runs nothing at all where a test that writes cannot be left out', async () => {
    const run = async (tag: string) => {
      const root = await project(passing, {
        'playwright.config.ts': `export default { testDir: 'smoke', projects: [
          { name: 'first', testMatch: 'first.spec.ts' }, { name: 'api', dependencies: ['first'] }] };`,
        'smoke/first.spec.ts': `import { test } from '@playwright/test';
          test('seeds', { tag: '${tag}' }, () => test.fail());`,
      });
      return smoke.measure({ grep: 'works' }, contextIn(root, { environment: { writes: false } }));
    };
    await expect(run('@Writes')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: '`seeds` writes and cannot be left out: others depend on its project `first`',
    });
    expect((await run('@readonly')).facts).toMatchObject({ did_not_run: 1, failed: 1, left_out: [] });
  });

  it('does not run tests that write a second time', async () => {
    await expect(measure(passing, {}, { attempt: 2 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect((await measure(passing, { read_only: true }, { attempt: 2 })).facts.passed).toBe(1);
  });

  it('gives tests what the environment and the item say, and nothing of its own', async () => {
    const { facts, context } = await measure(
      `test('sees', () => expect([process.env.URL, process.env.TOKEN, process.env.MORE, process.env.USER])
        .toEqual(['http://service.example', 'hunter2-hunter2', 'item', undefined]));
       test('tells', () => test.skip(true, process.env.TOKEN));`,
      { env: { MORE: 'item' } },
      {
        secrets: { TOKEN: 'hunter2-hunter2' },
        environment: {
          vars: { url: 'http://service.example' },
          smoke: { env: { URL: '${vars.url}', TOKEN: '${secret.TOKEN}', MORE: 'environment' } },
        },
      },
    );
    expect(facts.tests.map(({ state, error }) => [state, error])).toEqual([
      ['passed', ''],
      ['skipped', '[redacted]'],
    ]);
    expect([...context.artifacts.values()].join()).not.toContain('hunter2');
  });

  it('keeps no token that a test got by logging in', async () => {
    const parts = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxIn0', 'c2lnbmF0dXJlLW9mLWEtdG9rZW4'];
    const { facts, context } = await measure(`
      const token = ${JSON.stringify(parts)}.join('.');
      test('says it', async ({}, info) => {
        await info.attach('answer', { body: token, contentType: 'text/plain' });
        console.log(token);
        throw new Error('got ' + token);
      });`);
    expect(facts.tests).toMatchObject([{ error: 'Error: got [redacted]' }]);
    const kept = [...context.artifacts];
    expect(kept.map(([name]) => name)).toContain('tests/1-says-it/1-answer');
    expect(JSON.stringify(kept)).not.toContain(parts.join('.'));
  });

  it('uses the configuration and the projects that the environment names', async () => {
    const root = await project(passing, {
      'other.config.ts': `export default { testDir: 'smoke', projects: [{ name: 'api' }, { name: 'browser' }] };`,
    });
    const environment = { smoke: { config: 'other.config.ts', projects: ['api'] } };
    const { facts } = await smoke.measure({}, contextIn(root, { environment }));
    expect(facts.tests.map(({ project }) => project)).toEqual(['api']);
    await expect(
      smoke.measure({ projects: ['web'] }, contextIn(root, { environment })),
    ).rejects.toMatchObject({ code: 'SCRIPT_FAILED', message: expect.stringMatching(/web.*not found/) });
  });
});

describe('smoke, when nothing can be said', () => {
  const refused = async (running: Promise<unknown>) =>
    running.then(
      () => undefined,
      (thrown) => thrown,
    );

  it('is an error when no test fits, and when all skip', async () => {
    expect(await refused(measure(passing, { grep: 'no such test' }))).toMatchObject({ code: 'NO_DATA' });
    expect(await refused(measure(`test.skip('later', () => {});`))).toMatchObject({
      code: 'NO_DATA',
      message: 'no test ran: 1 skipped',
    });
  });

  it.each([
    ['a file that can not be read', 'test(', /it\.spec\.ts/],
    ['test.only', `test.only('alone', () => {});`, /focused/],
    [
      'an end in the middle',
      `test('ends all', () => { process.kill(process.ppid, 'SIGKILL'); });`,
      /SIGKILL/,
    ],
  ])('is an error: %s', async (_, tests, message) => {
    expect(await refused(measure(tests))).toMatchObject({
      code: 'SCRIPT_FAILED',
      message: expect.stringMatching(message),
    });
  });

  it('is an error when Playwright ends badly although every test passed', async () => {
    const root = await project(passing, {
      'playwright.config.ts': `export default { testDir: 'smoke', globalTeardown: './down.ts' };`,
      'down.ts': `export default () => { process.exit(7); };`,
    });
    expect(await refused(smoke.measure({}, contextIn(root)))).toMatchObject({ code: 'SCRIPT_FAILED' });
  });

  it('is an error when the project has no Playwright', async () => {
    const root = await testProject({ 'package.json': '{}' });
    roots.push(root);
    expect(await refused(smoke.measure({}, contextIn(root)))).toMatchObject({ code: 'TOOL_MISSING' });
  });

  it.each([{ grep: '(' }, { shard: '3/2' }, { shard: 'one' }])(
    'refuses %o, also when linting',
    async (options) => {
      expect(await refused(measure(passing, options))).toMatchObject({ code: 'CONFIG_INVALID' });
      const found: (readonly (string | number)[])[] = [];
      const context: LintContext = {
        root: repo,
        environment: undefined,
        report: (path) => void found.push(path),
      };
      await smoke.lint?.(options, context);
      expect(found).toEqual([Object.keys(options)]);
    },
  );
});

let contract: Record<'working' | 'hanging' | 'without', string>;
beforeAll(async () => {
  contract = {
    working: await project(
      `test('echoes', () => { console.log(process.env.VALUE); expect('').toBe(process.env.VALUE); });`,
    ),
    hanging: await project(`test('hangs', () => { test.setTimeout(0); for (;;); });`),
    without: await testProject({ 'package.json': '{}' }),
  };
  roots.push(contract.without);
  await mkdir(join(contract.without, 'smoke'));
});

kindContract(smoke, {
  working: {
    options: { env: { VALUE: '${secret.PLANTED}' } },
    makeContext: ({ secrets, signal }) => contextIn(contract.working, { secrets, signal }),
  },
  hanging: {
    options: {},
    makeContext: ({ secrets, signal }) => contextIn(contract.hanging, { secrets, signal }),
  },
  unreachable: {
    options: {},
    makeContext: ({ secrets, signal }) => contextIn(contract.without, { secrets, signal }),
  },
});
