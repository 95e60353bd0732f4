import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pickEnvironment, readEnvironments } from '#harness/config/project.ts';
import { demo } from '#pipeline/payouts/seed.ts';
import { useDatabase } from '#pipeline/testing/database.ts';
import { runScript } from '#pipeline/testing/processes.ts';

const script = 'scripts/seed-payouts.ts';
const passwords = {
  PAYOUTS_USER_PASSWORD: 'a user of the test',
  PAYOUTS_ADMIN_PASSWORD: 'an admin of the test',
};
const database = useDatabase({ max: 2 });

it('N11: seeds a user and an administrator with wallets; a second time only passwords change, and none is shown', async () => {
  const env = { DATABASE_URL: database.url, ...passwords };
  const first = await runScript(script, [], env);
  expect([first.code, first.stderr]).toEqual([0, '']);
  const second = await runScript(script, [], env);
  expect(second).toMatchObject({ code: 0, stdout: first.stdout });
  const { rows } = await database.db.query(
    `SELECT u.email, u.role, w.balance_cents FROM app.users u JOIN app.wallets w ON w.user_id = u.id
     WHERE u.email LIKE 'demo-%' ORDER BY u.email`,
  );
  expect(rows).toEqual([
    { email: 'demo-admin@example.org', role: 'ADMIN', balance_cents: '0' },
    { email: 'demo-user@example.org', role: 'USER', balance_cents: '0' },
  ]);
  expect(first.stdout).not.toContain('of the test');
});

it('N11: names every missing setting at once', async () => {
  const run = await runScript(script, [], { PAYOUTS_ADMIN_PASSWORD: 'short' });
  expect(run.code).toBe(2);
  for (const name of ['DATABASE_URL', ...Object.keys(passwords)]) expect(run.stderr).toContain(name);
});

it.each(['local', 'local-rotation'])('the environment %s names the people that are seeded', async (name) => {
  const environment = pickEnvironment(await readEnvironments(join(import.meta.dirname, '..')), name);
  expect(environment.vars).toMatchObject({
    payouts_user_email: demo.user.email,
    payouts_admin_email: demo.admin.email,
  });
  const tokens = Object.values(environment.secrets ?? {}).flatMap((each) =>
    'command' in each ? each.command : [],
  );
  if (name === 'local-rotation')
    expect(tokens).toEqual(expect.arrayContaining([`--sub=${demo.user.id}`, `--sub=${demo.admin.id}`]));
});
