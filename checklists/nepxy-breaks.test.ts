import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '#harness/testing/prometheus.ts';
import type { BookLine } from '#pipeline/simulators/payouts/book.ts';
import { Platform } from './testing/platform.ts';

const GATE_MS = 180_000;
const postDeploy = 'nepxy-post-deploy';

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
  // Types, lint and the rest of the source are stages of these very tests.
  const file = join(platform.root, `checklists/${postDeploy}.gate.yml`);
  const text = await readFile(file, 'utf8');
  const own = 'args: [--only, gates, --only, migrations, --only, changelog]';
  await writeFile(
    file,
    text.replace('{run: scripts/release-check.ts}', `{run: scripts/release-check.ts, ${own}}`),
  );
}, GATE_MS);
afterAll(() => platform?.stop());

/** One item of the gate, as it is but for `options`, is NO_GO with this cause. */
async function expectNoGo(id: string, cause: RegExp, options: object = {}): Promise<void> {
  const { exit, stdout, stderr } = await platform.runItem(postDeploy, id, options);
  expect(stdout, stderr).toMatch(cause);
  expect(stdout).toContain('NO_GO');
  expect(exit).toBe(1);
}

describe('after a deployment of payouts', () => {
  it('N11: the gate reaches a signed report', { timeout: GATE_MS }, async () => {
    const { exit, stdout, stderr } = await platform.cli(
      'gate',
      'run',
      postDeploy,
      '--env',
      'local',
      '--sign',
    );
    expect(exit, stderr + stdout).toBe(0);
    expect(stdout).toContain('REHEARSAL_GO');
    expect(stdout).toContain('simulated: mono, pager, providers');
    expect(stderr).toContain('verified:');
  });

  it('N10: a run itself is refused so little that some runs in a row are no alert', async () => {
    const text = await (await fetch(platform.url('service', '/metrics'))).text();
    const counted = (name: RegExp) =>
      text
        .split('\n')
        .filter((line) => name.test(line))
        .map((line) => Number(line.split(' ').at(-1)));
    // Thresholds are 10 and 20: alerts/payouts.rules.yml.
    expect(Math.max(...counted(/^webhook_events_total\{.*signature_valid="false"/))).toBe(2);
    expect(Math.max(...counted(/^idempotency_conflicts_total\{/))).toBe(1);
  });

  it('N11: a migration that cannot be taken back is NO_GO, with its name', () =>
    platform.whileFile(
      'pipeline/migrations/0024_payouts-worker.sql',
      '-- Down Migration',
      '-- No way back',
      () =>
        expectNoGo(
          'release-check',
          /release-check failed: .*0024_payouts-worker\.sql does nothing under \\"-- Down Migration/,
          { args: ['--only', 'migrations'] },
        ),
    ));

  it('N11: a migration that is not applied is NO_GO', () =>
    platform.whileSql(
      `DELETE FROM pgmigrations WHERE name = '0024_payouts-worker'`,
      `INSERT INTO pgmigrations (name, run_on) VALUES ('0024_payouts-worker', now())`,
      () => expectNoGo('ready', /ready failed: expected `status == 200`, but status = 503/),
    ));

  it('N11: a build of another version than the release is NO_GO, with both', () =>
    platform.whileFile('package.json', /"version": ".+?"/, '"version": "9.9.9"', () =>
      expectNoGo('build', /build failed: .*version of what runs is \S+, and of the release 9\.9\.9/),
    ));

  it('N11: a build that does not say what it is made of is NO_GO where it has to', () =>
    platform.whileFile(`checklists/${postDeploy}.gate.yml`, '${vars.commit_named}', 'yes', () =>
      expectNoGo('build', /build failed: .*what runs does not name its commit/),
    ));

  it.each([
    ['admin', 'declared and may not call', '"${vars.admin_origin}"', '"https://other.example.com"'],
    ['nobody', 'none of ours and may call', '"null"', '"${vars.app_origin}"'],
  ])('N7: %s, an origin that is %s, is NO_GO', (name, _what, origin, other) =>
    platform.whileFile(`checklists/${postDeploy}.gate.yml`, `origin: ${origin}`, `origin: ${other}`, () =>
      expectNoGo('origins', new RegExp(`origins failed: .*steps\\.filter.* = \\[\\{"name":"${name}"`)),
    ),
  );

  it('N8: a provider that is paused is NO_GO, with the flag', () =>
    platform.whileFlags({ PAYOUTS_MOMO_PAUSED: true }, async () => {
      await platform.scraped('taxpoynt_feature_flag{flag="PAYOUTS_MOMO_PAUSED"} == 1');
      await expectNoGo('providers-as-declared', /providers-as-declared failed: .*PAYOUTS_MOMO_PAUSED/);
    }));

  it('N11: another webhook secret than the one of the service is NO_GO, with the refusal', () =>
    platform.whileFile(
      `checklists/${postDeploy}.gate.yml`,
      'TMONEY_WEBHOOK_SECRET: ${secret.TMONEY_WEBHOOK_SECRET}',
      'TMONEY_WEBHOOK_SECRET: another-secret',
      () => expectNoGo('smoke', /smoke failed: .*webhooks\/tmoney: 401 .*INVALID_SIGNATURE/),
    ));

  it('N8: waits that are still stretched are NO_GO, with the flag', () =>
    platform.whileFlags({ PAYOUTS_MOMO_BACKOFF_FACTOR: 64 }, async () => {
      await platform.scraped('taxpoynt_feature_flag{flag="PAYOUTS_MOMO_BACKOFF_FACTOR"} == 64');
      await expectNoGo(
        'providers-as-declared',
        /providers-as-declared failed: .*PAYOUTS_MOMO_BACKOFF_FACTOR/,
      );
    }));

  it('N4: a provider whose secret is not that of the service is NO_GO, with its name', () =>
    platform.whileFile(
      `checklists/${postDeploy}.gate.yml`,
      'FLOOZ_WEBHOOK_SECRET: ${secret.FLOOZ_WEBHOOK_SECRET}',
      'FLOOZ_WEBHOOK_SECRET: another-secret',
      () => expectNoGo('signatures', /signatures failed: .*summary\.new\.refused = \["FLOOZ"\]/),
    ));

  it('N4: an instance that takes no webhooks is NO_GO, with its address', () => {
    const [each, other] = ['SERVICE_URL: ${vars.service_instances}', platform.url('worker', '')];
    return platform.whileFile(`checklists/${postDeploy}.gate.yml`, each, `${each},${other}`, () =>
      expectNoGo('signatures', new RegExp(`signatures failed: .*POST ${other}/v1/webhooks/tmoney: .* 404`)),
    );
  });

  it('N3: a provider that is not there for callbacks is NO_GO, with what it says', () =>
    platform.whileFlags({ PAYOUTS_THUNES_ENABLED: false }, () =>
      expectNoGo('signatures', /signatures failed: .*webhooks\/thunes: .* 503 PROVIDER_DISABLED/),
    ));

  it(
    'N11: a user who is taken for an administrator is NO_GO, with the test that fails',
    { timeout: 60_000 },
    () =>
      platform.whileSql(
        `CREATE FUNCTION app.promote() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.role := 'ADMIN'; RETURN NEW; END $$;
       CREATE TRIGGER promote BEFORE INSERT ON app.users FOR EACH ROW EXECUTE FUNCTION app.promote()`,
        'DROP TRIGGER promote ON app.users; DROP FUNCTION app.promote()',
        () =>
          expectNoGo('promises', /promises failed: .*broken = \[".*is closed to users: Error/, {
            grep: 'is closed to users',
          }),
      ),
  );

  it('N3: a provider that decides nothing is NO_GO, with its name', () => {
    const turn = (status: string, next: string) => `SET session_replication_role = replica;
      UPDATE app.mobile_money_payouts SET status = '${status}', next_retry_at = ${next} WHERE provider = 'MOMO'`;
    return platform.whileSql(turn('SENT', `now() + interval '1 hour'`), turn('CONFIRMED', 'NULL'), () =>
      expectNoGo('decided', /decided failed: .*first\.undecided = "MOMO"/),
    );
  });

  it('N11: a wallet that says more than its entries is NO_GO', () =>
    platform.whileSql(
      `SET session_replication_role = replica; UPDATE app.wallets SET balance_cents = balance_cents + 1`,
      'UPDATE app.wallets SET balance_cents = balance_cents - 1',
      () => expectNoGo('books-balance', /books-balance failed: .*first\.wallets_off/),
    ));

  it('N11: a cent that moved from one transaction to another is NO_GO, though the ledger sums to zero', () => {
    const add = (cents: number, to: 'min' | 'max') => `UPDATE app.ledger_entries
      SET amount_cents = amount_cents + (${cents}) WHERE id = (SELECT ${to}(id) FROM app.ledger_entries);`;
    const move = (cents: number) =>
      `SET session_replication_role = replica; ${add(cents, 'min')} ${add(-cents, 'max')}`;
    return platform.whileSql(move(1), move(-1), () =>
      expectNoGo('books-balance', /books-balance failed: .*first\.transactions_off = "?2/),
    );
  });

  it('N1: a payout that failed and kept its price is NO_GO', () => {
    const first = '(SELECT id FROM app.mobile_money_payouts ORDER BY created_at, id LIMIT 1)';
    const turn = (status: string) =>
      `SET session_replication_role = replica; UPDATE app.mobile_money_payouts SET status = '${status}' WHERE id = ${first}`;
    return platform.whileSql(turn('FAILED'), turn('CONFIRMED'), () =>
      expectNoGo('books-balance', /books-balance failed: .*first\.payouts_off = "?1/),
    );
  });

  it.each([
    [
      'switched off',
      'app.mobile_money_payouts',
      'DISABLE TRIGGER mobile_money_payouts_funded',
      'ENABLE TRIGGER mobile_money_payouts_funded',
    ],
    [
      'gone',
      'app.wallets',
      'DROP CONSTRAINT wallets_no_overdraft',
      'ADD CONSTRAINT wallets_no_overdraft CHECK (balance_cents >= 0)',
    ],
  ])('N1: a law of the ledger that is %s is NO_GO', (_what, table, broken, whole) =>
    platform.whileSql(`ALTER TABLE ${table} ${broken}`, `ALTER TABLE ${table} ${whole}`, () =>
      expectNoGo('books-balance', /books-balance failed: .*first\.laws_off = "?1/),
    ),
  );

  it('N3: a payment that the service knows nothing of is NO_GO, with its reference', {
    timeout: 60_000,
  }, async () => {
    const externalRef = 'nobody-ordered-it';
    const body = JSON.stringify({ externalRef, msisdn: '22890000003', amount: '42.00', currency: 'XOF' });
    await fetch(platform.url('providers', '/tmoney/v1/disbursements'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await until(async () => {
      const answer = await fetch(platform.url('providers', '/__sim/book'));
      const { payments } = (await answer.json()) as { payments: BookLine[] };
      return payments.some((each) => each.externalRef === externalRef && each.state === 'PAID');
    });
    await expectNoGo('books-agree', /books-agree failed: .*first_breaks = .*nobody-ordered-it/, {
      allow_empty: 'right',
    });
  });

  it('N10: a rule that is not the one of the repo is NO_GO, with its name', async () => {
    const own = 'other.rules.yml';
    await cp(join(platform.root, 'alerts/payouts.rules.yml'), join(platform.root, own));
    const rules = ['mono', 'economy', 'moderation'].map((name) => `alerts/${name}.rules.yml`).concat(own);
    await platform.whileFile(own, '> 900', '> 9000', () =>
      expectNoGo(
        'rules-armed',
        /rules-armed failed: .*differing = \[\{"name":"PayoutsStuckInSent","fields":\["query"\]\}\]/,
        { rules },
      ),
    );
  });

  it('N10: a silence is NO_GO, and said to be the cause', { timeout: 60_000 }, () =>
    platform.whileSilenced(() =>
      expectNoGo('alert-channel', /problem = "a silence or an inhibition/, { within: '2s' }),
    ),
  );

  it('N10: a silence of what is critical is NO_GO, too', { timeout: 60_000 }, () =>
    platform.whileSilenced(
      () => expectNoGo('critical-channel', /problem = "a silence or an inhibition/, { within: '2s' }),
      'severity',
      'critical',
    ),
  );

  it('N10: a silence of one alert of payouts is NO_GO; one of another alert is none of this gate', async () => {
    await platform.whileSilenced(
      () => expectNoGo('nothing-silenced', /nothing-silenced failed: .*"status":\{"state":"active"\}/),
      'alertname',
      'PayoutWorkerSilent',
    );
    await platform.whileSilenced(
      async () => {
        const { exit, stdout } = await platform.runItem(postDeploy, 'nothing-silenced', {});
        expect(exit, stdout).toBe(0);
      },
      'alertname',
      'EconomyLatencyHigh',
    );
  });

  it('N10: a dashboard without a panel is NO_GO, with its title', () =>
    platform.whileFile('dashboards/payouts.json', '"Oldest Payout in SENT"', '"Oldest"', () =>
      expectNoGo('dashboard', /dashboard failed: .*missing_panels = \["Oldest Payout in SENT"\]/),
    ));

  it('N11: no worker is NO_GO, with what was waited for', () =>
    platform.whileFile(
      `checklists/${postDeploy}.gate.yml`,
      'TMONEY_WEBHOOK_SECRET: ${secret.TMONEY_WEBHOOK_SECRET}',
      '$&\n        SMOKE_WAIT_SECONDS: "2"',
      () => {
        platform.kill('worker');
        return expectNoGo('smoke', /smoke failed: .*no worker has sent the payout within 2 s: it is PENDING/);
      },
    ));

  it('N2: a worker of another release is NO_GO, with its instance', () =>
    platform.whileFile('package.json', /"version": ".+?"/, '"version": "0.0.9"', () =>
      platform.whileWorker(async () => {
        await platform.scraped('taxpoynt_build_info{version="0.0.9"}');
        await expectNoGo('one-build', /one-build failed: .*"build":"0\.0\.9@","instance":"127/);
      }),
    ));
});
