import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pickEnvironment, readEnvironments } from '#harness/config/project.ts';
import { demo } from '#pipeline/economy/seed.ts';
import { openDatabase } from '#pipeline/runtime/db.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import { runScript } from '#pipeline/testing/processes.ts';

const script = 'scripts/seed-economy.ts';
const passwords = {
  ECONOMY_MEMBER_PASSWORD: 'member of the test',
  ECONOMY_ADMIN_PASSWORD: 'admin of the test',
};

let postgres: TestDatabase;
beforeAll(async () => {
  postgres = await startTestDatabase();
}, 120_000);
afterAll(() => postgres?.stop());

it('D1: seeds users, items, wallets and a ban; a second time nothing changes; no password is shown or stored', async () => {
  const url = await postgres.fresh();
  const db = openDatabase({
    url,
    max: 1,
    acquireTimeoutMs: 5000,
    applicationName: 'seed-test',
    onIdleError: () => {},
  });
  const state = async () =>
    (
      await db.query(
        `SELECT (SELECT json_agg(w ORDER BY id) FROM economy_wallets w) AS wallets,
           (SELECT json_agg(t ORDER BY id) FROM economy_transactions t) AS ledger,
           (SELECT json_agg(i ORDER BY id) FROM shop_items i) AS items,
           (SELECT json_agg(s ORDER BY id) FROM moderation_sanctions s) AS sanctions`,
      )
    ).rows[0];
  try {
    const first = await runScript(script, [], { DATABASE_URL: url, ...passwords });
    expect([first.code, first.stderr]).toEqual([0, '']);
    const seeded = await state();
    expect(seeded).toMatchObject({
      wallets: [{ cached_balance: 10_000 }, { cached_balance: 10_000 }, { cached_balance: 10_000 }],
      sanctions: [{ kind: 'ban' }],
    });
    const second = await runScript(script, [], { DATABASE_URL: url, ...passwords });
    expect(second).toMatchObject({ code: 0, stdout: first.stdout });
    expect(await state()).toEqual(seeded);
    const { rows } = await db.query('SELECT password_hash FROM platform_users');
    for (const text of [first.stdout, JSON.stringify(rows)]) expect(text).not.toMatch(/of the test/);
  } finally {
    await db.close();
  }
});

it('D1: names every missing setting at once, and explains itself', async () => {
  const run = await runScript(script, [], { ECONOMY_ADMIN_PASSWORD: 'short' });
  expect(run.code).toBe(2);
  for (const name of ['DATABASE_URL', ...Object.keys(passwords)]) expect(run.stderr).toContain(name);
  expect(run.stderr).not.toContain('short');
  const help = await runScript(script, ['--help'], {});
  expect([help.code, help.stdout]).toEqual([0, expect.stringContaining(`Usage: node ${script}`)]);
});

it('the rehearsal environment names the people that are seeded', async () => {
  const local = pickEnvironment(await readEnvironments(join(import.meta.dirname, '..')), 'local');
  for (const who of ['member', 'banned', 'admin'] as const) {
    expect(local.vars).toMatchObject({
      [`${who}_id`]: demo[who].id,
      [`${who}_username`]: demo[who].username,
    });
  }
  for (const [token, id] of [
    ['MEMBER_TOKEN', demo.member.id],
    ['BANNED_TOKEN', demo.banned.id],
  ] as const) {
    expect(local.secrets?.[token]).toMatchObject({ command: expect.arrayContaining(['--sub', id]) });
  }
});
