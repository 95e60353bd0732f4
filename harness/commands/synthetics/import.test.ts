import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runCli, testProject } from '../../testing/cli.ts';

let root: string;

beforeAll(async () => {
  root = await testProject({
    'gatus.yaml':
      'endpoints: [{name: web, url: "http://127.0.0.1:1/", client: {ignore-redirect: true}, conditions: ["[STATUS] == 200"]}]\n',
    'more.yaml':
      'endpoints: [{name: web, group: core, url: "tcp://127.0.0.1:1", conditions: ["[CONNECTED] == true"]}]\n',
    'synthetics/.keep': '',
  });
});
afterAll(() => rm(root, { recursive: true }));

const run = (...args: string[]) => runCli(root, ['synthetics', ...args]);

describe('synthetics import', () => {
  it('writes checks that lint, from one file', async () => {
    const { exit, stdout, stderr } = await run(
      ...['import', '--from', 'gatus', 'gatus.yaml', '--strict', '--output', 'synthetics/imported.yml'],
    );
    expect({ exit, stdout, stderr }).toEqual({
      exit: 0,
      stdout: 'synthetics/imported.yml\n',
      stderr: 'gatus: nothing was lost\n',
    });
    const text = await readFile(join(root, 'synthetics/imported.yml'), 'utf8');
    expect(text).toMatch(/^---\n# Read from gatus: gatus.yaml\nversion: "1.0"\n/);
    expect((await run('lint', 'synthetics/imported.yml', '--style')).stdout).toContain(
      '1 check, no problems',
    );
  });

  it('takes several files as one, and is an error with --strict when anything was lost', async () => {
    const { exit, stdout, stderr } = await run(
      'import',
      '--from',
      'gatus',
      'gatus.yaml',
      'more.yaml',
      '--strict',
    );
    expect(exit).toBe(1);
    expect(parse(stdout).checks.map(({ name }: { name: string }) => name)).toEqual(['web', 'web-2']);
    expect(stderr).toContain('web-2\n  name: web became web-2\n');
    expect((await run('import', '--from', 'gatus', 'gatus.yaml', 'more.yaml')).exit).toBe(0);
  });

  it('prints definition and losses as JSON', async () => {
    const { stdout } = await run('import', '--from', 'gatus', 'more.yaml', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      definition: { checks: [{ name: 'web', type: 'tcp' }] },
      losses: [{ check: 'web', field: 'group' }],
    });
  });

  it.each([
    ['no format', ['gatus.yaml'], '--from is missing'],
    ['a format that there is not', ['--from', 'gatsu', 'gatus.yaml'], 'did you mean `gatus`?'],
    ['no file', ['--from', 'gatus'], 'FILE is missing'],
    ['a file that is not there', ['--from', 'gatus', 'none.yaml'], 'none.yaml'],
    ['a file of something else', ['--from', 'gatus', 'synthetics/.keep'], 'the file holds no map'],
  ])('refuses %s', async (_name, args, why) => {
    const { exit, stdout, stderr } = await run('import', ...args);
    expect(stderr).toContain(why);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  });
});
