import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Step {
  uses?: string;
  run?: string;
  shell?: string;
  env?: Record<string, string>;
}

interface Action {
  name: string;
  description: string;
  inputs: Record<string, { description: string; required: boolean; default: string }>;
  runs: { using: string; steps: Step[] };
}

const check = '  - {name: health, url: "https://www.example.com/health"}\n';

describe('the action that lints synthetic checks', () => {
  let action: Action;
  let folder: string;
  beforeAll(async () => {
    action = parse(await readFile(join(import.meta.dirname, 'action.yml'), 'utf8')) as Action;
    folder = await mkdtemp(join(tmpdir(), 'countersign-action-'));
    await writeFile(join(folder, 'right.yml'), `---\nversion: "1.0"\nchecks:\n${check}`);
    await writeFile(join(folder, 'also right.yml'), `---\nversion: "1.0"\nchecks:\n${check}`);
    await writeFile(join(folder, 'wrong.yml'), `---\nversion: "1.0"\nchecks:\n${check}${check}`);
    await writeFile(join(folder, 'untidy.yml'), `version: "1.0"\nchecks:\n${check}`);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The step as a runner runs it. */
  function lint(inputs: {
    files: string;
    style?: string;
  }): Promise<{ exit: number; stdout: string; stderr: string }> {
    const step = action.runs.steps.find(({ env }) => env?.['FILES']);
    const env = {
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      HOME: folder,
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION_PATH: import.meta.dirname,
      FILES: inputs.files,
      STYLE: inputs.style ?? action.inputs['style']?.default ?? '',
    };
    const args = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step?.run ?? 'exit 99'];
    return new Promise((resolve) => {
      execFile('bash', args, { cwd: folder, env }, (error, stdout, stderr) => {
        resolve({ exit: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }

  it('has the shape of a composite action', () => {
    expect(action.runs.using).toBe('composite');
    for (const { run, shell, uses } of action.runs.steps) {
      expect(run === undefined ? uses : shell).toBeTruthy();
      // What others write into an input is no part of a script.
      expect(run ?? '').not.toContain('${{');
      if (uses) expect(uses).toMatch(/^[\w-]+\/[\w-]+@v\d+/);
    }
    for (const { description, default: value } of Object.values(action.inputs)) {
      expect(description).not.toBe('');
      expect(value).toBeTypeOf('string');
    }
    const used = action.runs.steps.flatMap(({ env = {} }) => Object.values(env));
    expect(used.sort()).toEqual(Object.keys(action.inputs).map((name) => `\${{ inputs.${name} }}`));
  });

  it('installs what it runs from the lock file of its own commit', () => {
    const install = action.runs.steps.find(({ run }) => run?.includes('npm'))?.run ?? '';
    expect(install).toMatch(/^npm ci .*--ignore-scripts.*--prefix "\$GITHUB_ACTION_PATH\/\.\.\/\.\."/);
  });

  it('passes files that are right', async () => {
    const { exit, stdout, stderr } = await lint({ files: 'right.yml' });
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toBe('right.yml: 1 check, no problems\n');
  });

  it('fails for one that is wrong, and annotates its line', async () => {
    const { exit, stdout, stderr } = await lint({ files: 'right.yml wrong.yml' });
    expect(exit).toBe(2);
    expect(stdout).toContain('wrong.yml:5:12 CONFIG_INVALID: there are two checks `health`');
    expect(stderr).toContain(
      '::error file=wrong.yml,line=5,col=12,title=CONFIG_INVALID::there are two checks',
    );
  });

  it('looks at style unless it is told not to', async () => {
    expect((await lint({ files: 'untidy.yml' })).exit).toBe(2);
    expect((await lint({ files: 'untidy.yml', style: 'false' })).exit).toBe(0);
  });

  it('runs nothing that stands in an input', async () => {
    const { exit, stdout } = await lint({ files: '$(touch${IFS}owned) ; --style' });
    expect(exit).toBe(2);
    expect(stdout).toContain('there is no such file');
  });
});
