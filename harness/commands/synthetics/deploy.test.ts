import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, testProject } from '../../testing/cli.ts';
import { type ChecklySimulator, checklyKeys, startCheckly } from '../../testing/services/checkly.ts';

const checks = `version: "1.0"
checks:
  - {name: web, url: "\${BASE_URL}/health", interval: 90s, failure_threshold: 1}
environments:
  production: {base_url: "https://a.example", locations: [eu-west-1]}
`;

describe('countersign synthetics deploy (D3)', () => {
  let root: string;
  let checkly: ChecklySimulator;
  beforeAll(async () => {
    root = await testProject({ 'synthetics/checks.yml': checks });
    checkly = await startCheckly();
  });
  afterAll(async () => {
    await checkly.close();
    await rm(root, { recursive: true, force: true });
  });

  const args = ['synthetics', 'deploy', '--to', 'checkly', '--env', 'production'];
  const deploy = (...more: string[]) =>
    runCli(root, [...args, '--api-url', checkly.url, ...more], checklyKeys);

  it('shows a plan without credentials, and says what it is worth', async () => {
    const { exit, stdout, stderr } = await runCli(root, [...args, '--dry-run']);
    expect([exit, stdout]).toEqual([
      0,
      'Checkly, synthetics/checks.yml in production: 1 to create, 0 to update, 0 too many, 0 unchanged\n+ web\n',
    ]);
    expect(stderr).toContain(
      'Checkly was not asked, since CHECKLY_API_KEY and CHECKLY_ACCOUNT_ID are not set: the plan is against nothing',
    );
    expect(stderr).toContain('interval: 90s became 60s');
  });

  it('asks for credentials before it applies anything', async () => {
    const { exit, stderr } = await runCli(root, args);
    expect(exit).toBe(2);
    expect(stderr).toContain('error SECRET_MISSING: Checkly needs CHECKLY_API_KEY and CHECKLY_ACCOUNT_ID');
  });

  it('changes nothing with --dry-run or, where something is lost, with --strict', async () => {
    expect((await deploy('--dry-run')).exit).toBe(0);
    expect((await deploy('--strict')).exit).toBe(1);
    expect(checkly.changes).toEqual([]);
  });

  it('creates, then has nothing to do, then tells a change by hand field by field', async () => {
    expect((await deploy()).stdout).toContain('+ web\ncreated web\n');
    expect((await deploy()).stdout).toContain('0 to create, 0 to update, 0 too many, 1 unchanged\n');
    const [id = '', check] = [...checkly.checks][0] ?? [];
    checkly.checks.set(id, { ...check, maxResponseTime: 20_000 });
    const { stdout } = await deploy('--dry-run', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      asked: true,
      dry_run: true,
      differences: [
        {
          kind: 'update',
          check: 'web',
          id,
          changes: [{ field: 'maxResponseTime', from: 20_000, to: 10_000 }],
        },
      ],
      applied: [],
    });
    expect((await deploy()).stdout).toContain(
      `~ web (${id})\n    maxResponseTime: 20000 -> 10000\nupdated web\n`,
    );
  });

  it('says which check it could not deploy, and exits with 3', async () => {
    const [id = '', check] = [...checkly.checks][0] ?? [];
    checkly.checks.set(id, { ...check, activated: false });
    checkly.inject({ kind: 'refuse', status: 402 }, ({ method }) => method === 'PUT');
    const { exit, stdout } = await deploy();
    expect(exit).toBe(3);
    expect(stdout).toContain('could not update web: Checkly answered 402 to PUT');
  });

  it('knows its services', async () => {
    const { exit, stderr } = await runCli(root, [
      'synthetics',
      'deploy',
      '--to',
      'datadg',
      '--env',
      'production',
    ]);
    expect([exit, stderr]).toEqual([2, expect.stringContaining('did you mean `datadog`?')]);
  });
});
