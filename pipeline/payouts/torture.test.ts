import { expect, it } from 'vitest';
import { useDatabase } from '#pipeline/testing/database.ts';
import { torturePayouts } from '#pipeline/testing/payout-torture.ts';
import { runScript } from '#pipeline/testing/processes.ts';

const database = useDatabase({ max: 2 });

/** What a client sees of a restart, on a server that other tests are using. */
const cutAll = () =>
  database.db.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );

it('N2: workers killed, connections cut, providers at their worst: every unit is where it belongs', async () => {
  const { differences, payments, confirmed, failed, submissions } = await torturePayouts({
    seed: 'short',
    databaseUrl: database.url,
    payouts: 160,
    workers: 2,
    kills: 2,
    restarts: 2,
    restartDatabase: async () => void (await cutAll()),
    severity: 0.5,
    timeoutMs: 1000,
    recoverAt: 0.9,
    deadlineMs: 60_000,
  });
  expect(differences).toEqual([]);
  expect(confirmed + failed).toBe(160);
  // Counted from outside, by the item of the gate.
  expect(payments).toBe(confirmed);
  expect(failed).toBeGreaterThan(0);
  expect(submissions).toBeGreaterThan(160);
}, 90_000);

it.each([
  ['--seeds', '0'],
  ['--payouts', '0'],
  ['--seed', 'x'],
])('a run of nothing balances nothing: %s %s', async (name, value) => {
  const { code, stderr } = await runScript('bench/payouts-torture.ts', [name, value], {});
  expect([code, stderr]).toEqual([2, expect.stringMatching(`^${name} is a number from [01] on`)]);
});
