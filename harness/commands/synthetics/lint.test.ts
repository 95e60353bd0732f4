import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, testProject } from '../../testing/cli.ts';

const right = `---
version: "1.0"
checks:
  - name: health
    url: \${BASE_URL}/health
    interval: 60s
    description: The service is up
    labels: {service: core, criticality: high}
  - {name: nightly, url: "\${BASE_URL}/nightly", interval: 1h, active: false}
environments:
  staging: {base_url: "\${vars.service_url}"}
  slow: {base_url: "https://www.example.com", interval_override: 5m}
`;

describe('synthetics lint, list and schema', () => {
  let root: string;
  beforeAll(async () => {
    root = await testProject({
      'synthetics/right.yml': right,
      'other/wrong.yml': right
        .replace('criticality: high', 'criticality: hihg')
        .replace('interval: 1h', 'interval: hourly'),
      'other/meaningless.yml': right.replace('interval: 60s', 'interval: 5s'),
      'other/broken.yml': 'checks: [',
      'checklists/environments.yml': `---
environments:
  staging: {title: Staging, rehearsal: false, vars: {service_url: "https://staging.example.com"}}
`,
    });
  });
  afterAll(() => rm(root, { recursive: true, force: true }));
  const synthetics = (...args: string[]) => runCli(root, ['synthetics', ...args]);

  it('finds nothing in the files of the project, whose environments it knows', async () => {
    const { exit, stdout, stderr } = await synthetics('lint', '--style');
    expect([exit, stdout, stderr]).toEqual([0, 'synthetics/right.yml: 2 checks, no problems\n', '']);
  });

  it('exits with 2 and tells every problem of every file, with its place and what to do', async () => {
    const { exit, stdout } = await synthetics(
      'lint',
      'other/wrong.yml',
      'other/meaningless.yml',
      'other/broken.yml',
    );
    expect(exit).toBe(2);
    expect(stdout).toMatch(/^other\/wrong\.yml:8:42 CONFIG_INVALID: .*"hihg"/m);
    expect(stdout).toMatch(/^other\/wrong\.yml:9:59 CONFIG_INVALID: .*"hourly"/m);
    expect(stdout).toMatch(/^other\/meaningless\.yml:4:5 .*may take 10s, and the next is due after 5s/m);
    expect(stdout).toMatch(/^other\/broken\.yml:/m);
  });

  it('tells problems as JSON', async () => {
    const { exit, stdout } = await synthetics('lint', 'other/meaningless.yml', '--json');
    expect(exit).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      files: ['other/meaningless.yml'],
      problems: [{ code: 'CONFIG_INVALID', where: { file: 'other/meaningless.yml', line: 4, column: 5 } }],
    });
  });

  it('exits with 2 for a file that is not there', async () => {
    const { exit, stdout } = await synthetics('lint', 'none.yml');
    expect(exit).toBe(2);
    expect(stdout).toContain('none.yml CONFIG_MISSING: there is no such file');
  });

  it('lists when each check is due, with the overrides of an environment', async () => {
    const { stdout } = await synthetics('list');
    expect(stdout).toMatch(/^health +http +every 60s +next \d\d:\d\d:\d\d\.\d{3} +high: The service is up$/m);
    expect(stdout).toMatch(/^nightly .*not active/m);
    const list = async (...args: string[]) =>
      JSON.parse((await synthetics('list', '--json', ...args)).stdout);
    const [here, again, slow] = [await list(), await list(), await list('--env', 'slow')];
    expect(again[0].phase_ms).toBe(here[0].phase_ms);
    expect(Date.parse(here[0].next_due) % 60_000).toBe(here[0].phase_ms);
    expect(slow[0]).toMatchObject({ name: 'health', interval: '5m' });
  });

  it('prints the schema that is published', async () => {
    const { exit, stdout } = await synthetics('schema');
    const file = join(import.meta.dirname, '../../schemas/synthetics.schema.json');
    expect([exit, stdout]).toEqual([0, await readFile(file, 'utf8')]);
  });
});
