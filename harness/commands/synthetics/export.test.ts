import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runCli, testProject } from '../../testing/cli.ts';

let root: string;

beforeAll(async () => {
  root = await testProject({
    'synthetics/checks.yml': `---
version: "1.0"
checks:
  - name: web
    url: \${BASE_URL}/health
    headers: {Authorization: "Bearer \${secret.API_TOKEN}"}
    success_criteria: [{status_code: 200}]
  - name: page
    type: browser
    file: page.spec.ts
    environments: [staging]
environments:
  production: {base_url: "https://a.example", secrets: {API_TOKEN: {env: TOKEN_OF_PRODUCTION}}}
  staging: {base_url: "https://b.example", interval_override: 30s}
`,
  });
});
afterAll(() => rm(root, { recursive: true }));

const run = (...args: string[]) =>
  runCli(root, ['synthetics', 'export', ...args], { TOKEN_OF_PRODUCTION: 'planted-secret' });

describe('synthetics export', () => {
  it('writes one file to stdout and the losses to stderr', async () => {
    const { exit, stdout, stderr } = await run('--to', 'gatus', '--env', 'production', '--strict');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: 'gatus: nothing was lost\n' });
    expect(parse(stdout).endpoints).toMatchObject([
      { name: 'web', url: 'https://a.example/health', headers: { Authorization: 'Bearer ${API_TOKEN}' } },
    ]);
    expect(stdout).not.toContain('planted-secret');
  });

  it('is an error with --strict when anything was lost, and only then', async () => {
    const wanted =
      'page\n  type: browser is left out\n    Gatus can not run a browser: the check is left out\n';
    const strict = await run('--to', 'gatus', '--env', 'staging', '--strict');
    expect(strict.exit).toBe(1);
    expect(strict.stderr).toContain(wanted);
    expect(parse(strict.stdout).endpoints).toMatchObject([{ interval: '30s' }]);
    expect((await run('--to', 'gatus', '--env', 'staging')).exit).toBe(0);
  });

  it('writes several files into a folder', async () => {
    const { exit, stdout } = await run(...['--to', 'blackbox', '--env', 'production', '--output', 'out']);
    expect({ exit, stdout }).toEqual({
      exit: 0,
      stdout: 'out/blackbox.yml\nout/prometheus.yml\nout/synthetics.rules.yml\n',
    });
    expect((await readdir(join(root, 'out'))).length).toBe(3);
    expect(await readFile(join(root, 'out/blackbox.yml'), 'utf8')).toContain(
      '/etc/blackbox/secrets/API_TOKEN',
    );
  });

  it('prints files and losses as JSON', async () => {
    const { stdout } = await run('--to', 'gatus', '--env', 'staging', '--json');
    const { files, losses } = JSON.parse(stdout);
    expect(files).toMatchObject([{ path: 'gatus.yaml' }]);
    expect(losses).toMatchObject([{ check: 'page', field: 'type', said: 'browser' }]);
  });

  it.each([
    ['no target', [], '--to is missing'],
    ['a target that there is not', ['--to', 'gatsu'], 'did you mean `gatus`?'],
    ['a setting that there is not', ['--to', 'gatus', '--set', 'a=b'], '`a=b` is no setting of gatus'],
    [
      'a version that is none',
      ['--to', 'blackbox', '--blackbox-version', 'new'],
      '`new` will not do for version',
    ],
    [
      'a version for another target',
      ['--to', 'gatus', '--blackbox-version', '0.27.0'],
      'is no setting of gatus',
    ],
    [
      'several files without a folder',
      ['--to', 'blackbox', '--env', 'production'],
      'name a folder with --output',
    ],
    ['no environment', ['--to', 'gatus'], '${BASE_URL} is not known'],
    ['an environment that there is not', ['--to', 'gatus', '--env', 'prod'], 'no environment `prod`'],
    ['two files', ['--to', 'gatus', 'a.yml', 'b.yml'], 'one argument too many'],
  ])('refuses %s', async (_name, args, why) => {
    const { exit, stdout, stderr } = await run(...args);
    expect(stderr).toContain(why);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  });
});
