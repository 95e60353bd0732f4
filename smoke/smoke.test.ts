import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningStack } from '#harness/stack/stack.ts';
import { cliIn, copyOfRepo, stackIn } from '#harness/testing/repo-copy.ts';
import { type Broken, twelveBreaks } from './testing/breaks.ts';
import { startBrokenService } from './testing/broken-service.ts';
import { payoutBreaks } from './testing/payout-breaks.ts';

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

  const serviceUrl = () => `http://127.0.0.1:${stack.state.ports['service']}`;

  async function inDatabase(sql: string): Promise<pg.QueryResult> {
    const client = new pg.Client(stack.state.secrets['DATABASE_URL']);
    await client.connect();
    return client.query(sql).finally(() => client.end());
  }

  /** Does the work while the environments say something else. */
  async function changed<T>(from: string, to: string, work: () => Promise<T>): Promise<T> {
    const file = join(root, 'checklists/environments.yml');
    const text = await readFile(file, 'utf8');
    expect(text).toContain(from);
    await writeFile(file, text.replaceAll(from, to));
    try {
      return await work();
    } finally {
      await writeFile(file, text);
    }
  }

  /** Does the work while the smoke tests meet the same service with all of this broken. */
  async function whileBroken(breaks: Record<string, Broken>, work: () => Promise<void>): Promise<void> {
    const service = await startBrokenService(
      serviceUrl(),
      Object.values(breaks).map(({ broken }) => broken),
    );
    const from = 'SMOKE_SERVICE_URL: ${vars.service_url}';
    await changed(from, `SMOKE_SERVICE_URL: ${service.url}`, work).finally(() => service.stop());
  }

  const endOf = (title: string) => title.split(' › ').at(-1) ?? title;
  const saidBy = ({ tests }: Answer) =>
    Object.fromEntries(tests.map(({ title, state, error }) => [endOf(title), [state, error]]));
  const wanted = (breaks: Record<string, Broken>) =>
    Object.fromEntries(
      Object.entries(breaks).map(([title, { says }]) => [title, ['failed', expect.stringContaining(says)]]),
    );

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

  it('D1: the twelve promises of the platform are kept, under their documented names', {
    timeout: STACK_MS,
  }, async () => {
    const { exit, answer, all } = await smoke('--tag', '@economy');
    expect(exit, all).toBe(0);
    expect(answer.tests.map(({ title, state }) => [title, state]).sort()).toEqual(
      Object.keys(twelveBreaks())
        .sort()
        .map((title) => [title, 'passed']),
    );
    // Nothing of theirs is left: the flag has its declared value, and every member that they made is out of use.
    const { rows } = await inDatabase(`SELECT
      (SELECT count(*)::int FROM flag_overrides) AS held,
      (SELECT count(*)::int FROM platform_users WHERE username LIKE 'smoke-%') AS made,
      (SELECT count(*)::int FROM platform_users WHERE username LIKE 'smoke-%' AND active) AS in_use,
      (SELECT sum(cached_balance)::int FROM economy_wallets w JOIN platform_users u ON u.id = w.user_id
       WHERE username LIKE 'smoke-%') AS coins,
      (SELECT count(*)::int FROM moderation_sanctions WHERE reason = 'smoke test' AND revoked_at IS NULL) AS bans`);
    expect(rows).toEqual([{ held: 0, made: 4, in_use: 0, coins: 0, bans: 0 }]);
  });

  it('D1: each of the twelve fails when its behaviour is broken, and says what is wrong', {
    timeout: STACK_MS,
  }, async () => {
    const breaks = twelveBreaks();
    await whileBroken(breaks, async () => {
      const { exit, answer, all } = await smoke('--tag', '@economy');
      expect(exit, all).toBe(1);
      expect(saidBy(answer)).toEqual(wanted(breaks));
      const kept = await readdir(join(root, answer.folder), { recursive: true });
      const ofBrowser = kept.filter((file) => file.includes('admin-read-only')).join();
      for (const file of ['test-failed-1.png', 'trace.zip', 'traffic.har']) expect(ofBrowser).toContain(file);
    });
  });

  it('N11: the promises of payouts are kept, and each fails when its behaviour is broken', {
    timeout: STACK_MS,
  }, async () => {
    const { exit, answer, all } = await smoke('--tag', '@payouts');
    expect(exit, all).toBe(0);
    expect(answer.tests.map(({ title }) => endOf(title)).sort()).toEqual(Object.keys(payoutBreaks).sort());
    await whileBroken(payoutBreaks, async () => {
      const broken = await smoke('--tag', '@payouts');
      expect(broken.exit, broken.all).toBe(1);
      expect(saidBy(broken.answer)).toEqual(wanted(payoutBreaks));
    });
  });

  it('a broken promise is exit code 1, told with its cause, and its trace is kept', {
    timeout: STACK_MS,
  }, async () => {
    const { exit, answer, all } = await changed(
      'SMOKE_TOKEN_ADMIN: ${secret.ADMIN_TOKEN}',
      'SMOKE_TOKEN_ADMIN: nobody',
      () => smoke('--tag', '@mono', '--grep', 'nobody else may'),
    );
    expect(exit, all).toBe(1);
    expect(answer.tests).toMatchObject([
      { state: 'failed', error: expect.stringContaining('Received: 401') },
    ]);
    const results = await readFile(join(root, answer.folder, 'playwright.json'), 'utf8');
    expect(results).toContain('trace.zip');
  });
});
