import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CountersignError } from '#harness/errors.ts';
import type { CliResult } from '#harness/testing/cli.ts';
import { cliIn, copyOfRepo, stackIn } from '#harness/testing/repo-copy.ts';

const GATE_MS = 180_000;
const gate = ['gate', 'run', 'mono-staging-dry-run', '--env', 'local'];

function script(root: string, name: string, env: Record<string, string>): string {
  return execFileSync(process.execPath, [`scripts/${name}`], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
  });
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    if (await holds().catch(() => false)) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new CountersignError('TIMED_OUT', `${what} did not come true`);
}

describe('the dry run, unbroken', () => {
  let root: string;
  let run: CliResult;
  beforeAll(async () => {
    root = await copyOfRepo();
    run = await cliIn(root, [...gate, '--sign']);
  }, GATE_MS);
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('M16: reaches a signed report, and says what was simulated and rehearsed', async () => {
    expect(run.exit, run.stderr + run.stdout).toBe(0);
    expect(run.stdout).toContain('REHEARSAL_GO');
    expect(run.stdout).toContain('simulated: mono');
    const html = await readFile(join(root, '.countersign/latest/report.html'), 'utf8');
    expect(html).toMatch(/simulat/i);
    expect(html).toMatch(/rehears/i);
  });

  it('leaves nothing running', async () => {
    expect(await cliIn(root, ['stack', 'status', '--env', 'local'])).toMatchObject({
      stdout: expect.stringMatching(/is not up/),
    });
  });

  it('T6: the same key signs once only', async () => {
    const again = await cliIn(root, ['gate', 'sign', 'latest', '--as', 'rehearsal-engineering']);
    expect(again).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('rehearsal-engineering has signed this report already'),
    });
  });

  it('T2: one changed byte is invalid', async () => {
    const file = join(root, '.countersign/latest/report.json');
    const bytes = await readFile(file);
    const at = bytes.indexOf('inserted_count') + 17;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await writeFile(file, bytes);
    const verified = await cliIn(root, ['gate', 'verify', 'latest']);
    expect(verified.exit).toBe(4);
    expect(verified.stdout).toContain('invalid: this report proves nothing');
  });
});

describe('the dry run, broken on purpose', () => {
  let root: string;
  beforeAll(async () => {
    root = await copyOfRepo();
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('a flag turned off and another release are NO_GO; then an amount corrupted by one kobo is, with its day and row', {
    timeout: 2 * GATE_MS,
  }, async () => {
    const stack = await stackIn(root);
    try {
      const { ports, secrets } = stack.state;
      const token = execFileSync(process.execPath, ['scripts/mint-token.ts', '--role', 'ADMIN'], {
        cwd: root,
        encoding: 'utf8',
        env: { JWT_SECRET_KEY: secrets['JWT_SECRET_KEY'] },
      }).trim();
      const setFlag = (value: boolean) =>
        fetch(`http://127.0.0.1:${ports['service']}/api/v1/admin/flags`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ flag: 'MONO_TRANSACTIONS_ENABLED', value, reason: 'a test' }),
        });
      expect((await setFlag(false)).status).toBe(200);
      const manifest = await readFile(join(root, 'package.json'), 'utf8');
      await writeFile(join(root, 'package.json'), manifest.replace(/"version": ".+?"/, '"version": "9.9.9"'));
      const off = await cliIn(root, gate);
      await writeFile(join(root, 'package.json'), manifest);
      expect(off.exit, off.stderr).toBe(1);
      expect(off.stdout).toMatch(/build failed: .*version of what runs is \S+, and of the release 9\.9\.9/);
      expect(off.stdout).toMatch(/flag-on failed: .*drift = true/);
      expect(off.stdout).toContain('smoke blocked: it needs `flag-on`, which is failed');

      expect((await setFlag(true)).status).toBe(200);
      await corruptOneAmount(secrets['DATABASE_URL'] ?? '');
      const corrupted = await cliIn(root, gate);
      expect(corrupted.exit, corrupted.stderr).toBe(1);
      expect(corrupted.stdout).toMatch(/totals-match-mono failed: expected `breaks == 0`, but breaks = 1/);
      const shown = await cliIn(root, ['gate', 'show', 'latest', 'totals-match-mono', '--json']);
      const facts = JSON.parse(shown.stdout).attempts[0].facts;
      expect(facts).toMatchObject({ difference_minor: '1', breaks: 1, explained: true });

      // T22: two whole runs asked for every secret of the stack, and kept none of them.
      const values = Object.values(secrets);
      expect(values.length).toBeGreaterThan(3);
      for (const secret of [...values, token, 'eyJhbGci']) {
        expect(
          spawnSync('grep', ['-rlF', '--', secret, join(root, '.countersign/runs')], { encoding: 'utf8' })
            .stdout,
        ).toBe('');
      }
    } finally {
      await stack.stop();
    }
  });

  it('a firing alert is NO_GO and named; then a service that stopped is INCONCLUSIVE and named', {
    timeout: 2 * GATE_MS,
  }, async () => {
    const stack = await stackIn(root);
    try {
      const { ports, secrets } = stack.state;
      const prometheus = async (query: string) => {
        const answer = await fetch(
          `http://127.0.0.1:${ports['prometheus']}/api/v1/query?query=${encodeURIComponent(query)}`,
        );
        const { data } = (await answer.json()) as { data: { result: unknown[] } };
        return data.result.length > 0;
      };
      const emptyRun = () =>
        script(root, 'live-mono-staging-smoke.ts', {
          SERVICE_URL: `http://127.0.0.1:${ports['service']}`,
          DATABASE_URL: secrets['DATABASE_URL'] ?? '',
          JWT_SECRET_KEY: secrets['JWT_SECRET_KEY'] ?? '',
          MONO_API_ACCOUNT_ID: 'acc_sandbox_empty',
          MONO_PROVIDER_ACCOUNT_ID: 'provider-9',
          MONO_ACCOUNT_NUMBER: '0123456700',
          MONO_ACCOUNT_DB_ID: '99999999-0000-4000-8000-000000000001',
        });
      emptyRun();
      await until('the scrape', () => prometheus('taxpoynt_mono_pipeline_zero_transactions_total == 1'));
      emptyRun();
      await until('the alert', () =>
        prometheus('ALERTS{alertname="MonoPipelineZeroTransactions",alertstate="firing"}'),
      );
      const firing = await cliIn(root, gate);
      expect(firing.exit, firing.stderr).toBe(1);
      expect(firing.stdout).toMatch(/nothing-firing failed: .*MonoPipelineZeroTransactions/);

      const service = stack.state.processes.find(({ name }) => name === 'service');
      process.kill(service?.pid ?? 0, 'SIGKILL');
      const stopped = await cliIn(root, gate);
      expect(stopped.exit, stopped.stderr).toBe(3);
      expect(stopped.stdout).toContain('INCONCLUSIVE');
      expect(stopped.stdout).toMatch(/ready error: .*\/readyz.*nothing listens there/);
    } finally {
      await stack.stop();
    }
  });
});

/** From now on one row of the run loses a kobo on its way into the table. */
async function corruptOneAmount(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`
      CREATE FUNCTION lose_a_kobo() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.transaction_type = 'debit' AND NOT EXISTS (
          SELECT FROM core_bank_transactions WHERE account_id = NEW.account_id AND transaction_type = 'debit'
        ) THEN
          NEW.amount := NEW.amount + 0.01;
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER lose_a_kobo BEFORE INSERT ON core_bank_transactions FOR EACH ROW EXECUTE FUNCTION lose_a_kobo();
    `);
  } finally {
    await client.end();
  }
}
