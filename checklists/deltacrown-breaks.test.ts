import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '#pipeline/economy/seed.ts';
import { Platform } from './testing/platform.ts';

const GATE_MS = 180_000;
const postDeploy = 'deltacrown-phase9-post-deploy';
const enable = 'deltacrown-enable-enforcement';
const enforcement = 'PURCHASE_ENFORCEMENT_ENABLED';
const observability = 'MODERATION_OBSERVABILITY_ENABLED';

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
  // How fast the service is, is no matter of these tests.
  const file = join(platform.root, `checklists/${postDeploy}.gate.yml`);
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replaceAll('duration: 10s', 'duration: 4s').replaceAll('window: 5s', 'window: 2s'),
  );
}, GATE_MS);
afterAll(() => platform?.stop());

/** One item of a gate, as it is, is NO_GO with this cause. */
async function expectNoGo(gate: string, id: string, cause: RegExp, options: object = {}): Promise<void> {
  const { exit, stdout, stderr } = await platform.runItem(gate, id, options);
  expect(stdout, stderr).toMatch(cause);
  expect(stdout).toContain('NO_GO');
  expect(exit).toBe(1);
}

async function expectGo(gate: string): Promise<void> {
  const { exit, stdout, stderr } = await platform.cli('gate', 'run', gate, '--env', 'local', '--sign');
  expect(exit, stderr + stdout).toBe(0);
  expect(stdout).toContain('REHEARSAL_GO');
  expect(stdout).toContain('simulated: mono, pager');
  expect(stderr).toContain('verified:');
}

describe('before anybody was ever denied', () => {
  it('D7: a deny rate of 0 % is NO_GO', () =>
    platform.whileFlags({ [observability]: true, [enforcement]: true }, async () => {
      await platform.scraped('sum(moderation_gate_decisions_total) == 0');
      await platform.decide(3);
      await platform.scraped('sum(rate(moderation_gate_decisions_total[5m])) > 0');
      await expectNoGo(enable, 'deny-rate', /deny-rate failed: expected `value > 0\.0`, but value = 0/);
    }));
});

describe('the gates, unbroken', () => {
  it('D10: the checklist after a deployment reaches a signed report', { timeout: GATE_MS }, () =>
    expectGo(postDeploy),
  );

  it('D7: enforcement is switched on in four steps, and stays on: NO_GO for the other gate', {
    timeout: GATE_MS,
  }, async () => {
    await expectGo(enable);
    const { exit, stdout } = await platform.cli('gate', 'run', postDeploy, '--env', 'local');
    expect(stdout).toMatch(/enforcement-off failed: expected `running == false`, but running = true/);
    expect(stdout).toContain('twelve-smoke-tests blocked: it needs');
    expect(exit).toBe(1);
    for (const flag of [observability, enforcement]) await platform.turn(flag, null);
    await platform.scraped(`taxpoynt_feature_flag{flag="${enforcement}"} == 0`);
  });
});

describe('the gates, broken on purpose', () => {
  it('D10: a build of another version than the release is NO_GO, with both', () =>
    platform.whileFile('package.json', /"version": ".+?"/, '"version": "9.9.9"', () =>
      expectNoGo(
        postDeploy,
        'build',
        /build failed: .*version of what runs is \S+, and of the release 9\.9\.9/,
      ),
    ));

  it('D7: enforcement that runs on one instance is NO_GO, with the instance', () =>
    platform.whileFlags(
      { [enforcement]: true },
      async () => {
        await platform.scraped(`taxpoynt_feature_flag{flag="${enforcement}"} == 1`);
        const cause = /off-on-every-instance failed: .*"flag":"PURCHASE_ENFORCEMENT_ENABLED","instance":"127/;
        await expectNoGo(postDeploy, 'off-on-every-instance', cause);
      },
      'local-1',
    ));

  it('D7: a cache that is off is NO_GO', () =>
    platform.whileFlags({ MODERATION_CACHE_ENABLED: false }, () =>
      expectNoGo(postDeploy, 'cache-on', /cache-on failed: expected `running == true`, but running = false/),
    ));

  it('D7: another default in the code is NO_GO', () => {
    const line = `${enforcement}: Type.Boolean({ default: `;
    return platform.whileFile('pipeline/config.ts', `${line}false`, `${line}true`, () =>
      expectNoGo(postDeploy, 'code-defaults', /summary\.defaults\.PURCHASE_ENFORCEMENT_ENABLED = true/),
    );
  });

  it('D1: a shop with nothing on sale is NO_GO, with the tests that fail', { timeout: 60_000 }, () =>
    platform.whileSql('UPDATE shop_items SET active = false', 'UPDATE shop_items SET active = true', () =>
      expectNoGo(postDeploy, 'twelve-smoke-tests', /broken = \["test_purchase_\w+: Error/, {
        grep: 'test_purchase_',
      }),
    ),
  );

  it('D7: bans that do not hold are NO_GO in the third step', { timeout: 60_000 }, () =>
    platform.whileSql(
      `CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.starts_at := now() + interval '1 hour'; RETURN NEW; END $$;
       CREATE TRIGGER later BEFORE INSERT ON moderation_sanctions FOR EACH ROW EXECUTE FUNCTION later()`,
      'DROP TRIGGER later ON moderation_sanctions; DROP FUNCTION later()',
      () =>
        expectNoGo(
          enable,
          'denied-purchase',
          /broken = \["test_purchase_denied_\w+: Error: a purchase of somebody banned/,
        ),
    ),
  );

  it('D10: reads that are slow are NO_GO, with the threshold', { timeout: 60_000 }, () =>
    platform.whileSql(
      `ALTER TABLE shop_items RENAME TO shop_items_whole;
       CREATE VIEW shop_items AS SELECT i.* FROM shop_items_whole i, (SELECT pg_sleep(0.4)) AS slow`,
      'DROP VIEW shop_items; ALTER TABLE shop_items_whole RENAME TO shop_items',
      () =>
        expectNoGo(
          postDeploy,
          'latency-reads',
          /latency-reads failed: .*"expression":"p\(95\)<300","ok":false/,
          {
            duration: '3s',
            window: '1s',
          },
        ),
    ),
  );

  it('D10: a dashboard without Gate Latency is NO_GO', () =>
    platform.whileFile('dashboards/economy.json', '"Gate Latency"', '"Latency"', () =>
      expectNoGo(postDeploy, 'gate-latency', /gate-latency failed: .*missing_panels = \["Gate Latency"\]/),
    ));

  it('D10: a panel that shows nothing is NO_GO, with its title', () =>
    platform.whileFile(
      'dashboards/economy.json',
      /moderation_gate_latency_seconds_bucket/g,
      'moderation_gate_seconds_bucket',
      () => expectNoGo(postDeploy, 'gate-latency', /gate-latency failed: .*empty = \["Gate Latency/),
    ));

  it('D10: a rule that is not the one of the repo is NO_GO, with its name', async () => {
    const own = 'other.rules.yml';
    await cp(join(platform.root, 'alerts/moderation.rules.yml'), join(platform.root, own));
    await platform.whileFile(own, '< 0.7', '< 0.6', () =>
      expectNoGo(
        postDeploy,
        'rules-armed',
        /rules-armed failed: .*differing = \[\{"name":"ModerationCacheHitRateLow","fields":\["query"\]\}\]/,
        { rules: ['mono', 'economy', 'payouts'].map((name) => `alerts/${name}.rules.yml`).concat(own) },
      ),
    );
  });

  it('D10: a runbook that lacks a section is NO_GO, with both', () =>
    platform.whileFile('alerts/runbooks/ModerationGateSlow.md', '## Done when', '### Done when', () =>
      expectNoGo(
        postDeploy,
        'targets-and-runbooks',
        /summary\.incomplete = \["ModerationGateSlow\.md: no section \\"Done when\\""\]/,
      ),
    ));

  it('D6: another time of recovery than the documented one is NO_GO', () =>
    platform.whileFile('alerts/severities.yml', 'target: 15m, max: 30m', 'target: 10m, max: 25m', () =>
      expectNoGo(
        postDeploy,
        'targets-and-runbooks',
        /incomplete = \["EconomyServiceDown\.md: it does not say/,
      ),
    ));

  it('D5: a silence is NO_GO, and said to be the cause', () =>
    platform.whileSilenced(() =>
      expectNoGo(
        postDeploy,
        'alert-channel',
        /problem = "a silence or an inhibition keeps the alert from pager"/,
        { within: '2s' },
      ),
    ));

  it('D5: a silence of what is critical is NO_GO, too', () =>
    platform.whileSilenced(
      () => expectNoGo(postDeploy, 'critical-channel', /problem = "a silence or an inhib/, { within: '2s' }),
      'severity',
      'critical',
    ));

  it('D10: a cache that is missed most of the time is NO_GO, with the rate', () =>
    platform.whileFlags({ [observability]: true, [enforcement]: true }, async () => {
      // Each sanction takes the member out of the cache; one of this kind forbids no purchase.
      const sanction = { user_id: demo.member.id, kind: 'suspend', reason: 'a test' };
      await platform.decide(80, async () => {
        await platform.ask('admin', 'POST', '/api/moderation/sanctions/', sanction);
      });
      await platform.scraped('sum(increase(moderation_cache_misses_total[10m])) > 60');
      await expectNoGo(
        postDeploy,
        'cache-hit-rate',
        /cache-hit-rate failed: expected `value > 0\.7`, but value = 0/,
      );
    }));

  it('D5: a pager that is away is INCONCLUSIVE, with the source', async () => {
    platform.kill('pager');
    const { exit, stdout } = await platform.runItem(postDeploy, 'alert-channel', {});
    expect(stdout).toMatch(/alert-channel error: .*\/received.*source `pager`.*: nothing listens there/);
    expect(stdout).toContain('INCONCLUSIVE');
    expect(exit).toBe(3);
  });
});
