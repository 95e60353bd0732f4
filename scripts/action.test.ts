import { execFile } from 'node:child_process';
import { glob, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { fixedKindConfig, testProject } from '#harness/testing/cli.ts';
import { actionArguments, actionFolder, actionOutputs } from '#scripts/run-action.ts';

const repo = resolve(import.meta.dirname, '..');

interface Step {
  id?: string;
  uses?: string;
  run?: string;
  shell?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}

interface Action {
  name: string;
  description: string;
  inputs: Record<string, { description: string; required?: boolean; default?: string }>;
  outputs: Record<string, { description: string; value: string }>;
  runs: { using: string; steps: Step[] };
}

const action = parse(await readFile(join(repo, 'action.yml'), 'utf8')) as Action;

describe('action.yml', () => {
  const { inputs, outputs, runs } = action;

  it('is a composite action whose steps are each one thing', () => {
    expect(runs.using).toBe('composite');
    for (const step of runs.steps) {
      const known = ['env', 'id', 'if', 'run', 'shell', 'uses', 'with', 'working-directory'];
      expect(known).toEqual(expect.arrayContaining(Object.keys(step)));
      expect(step.uses === undefined).toBe(step.run !== undefined);
      if (step.uses) expect(step.uses).toMatch(/^actions\/[a-z-]+@v\d+$/);
      else expect(step.shell, step.run).toBe('bash');
    }
  });

  it('names only inputs that it has and steps that are there, and says what each is', () => {
    const text = JSON.stringify(action);
    const used = [...text.matchAll(/inputs\.([a-z-]+)/g)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(Object.keys(inputs)));
    const ids = runs.steps.map(({ id }) => id);
    for (const [, id] of text.matchAll(/steps\.([a-z-]+)\./g)) expect(ids).toContain(id);
    for (const { description, required, default: value } of Object.values(inputs)) {
      expect(description).not.toBe('');
      expect(required === true).toBe(value === undefined);
    }
    const written = actionOutputs('{"run":"r","decision":"GO","folder":"f"}', '/w');
    expect(written.split('\n').map((line) => line.split('=')[0])).toEqual(
      expect.arrayContaining(Object.keys(outputs)),
    );
  });
});

describe('scripts of workflows', () => {
  it('hold no expression: a value becomes a variable, never a part of a shell line', async () => {
    const files = ['action.yml'];
    for await (const file of glob('.github/workflows/*.yml', { cwd: repo })) files.push(file);
    for (const file of files) {
      for (const { run } of stepsOf(parse(await readFile(join(repo, file), 'utf8'))))
        expect(run ?? '', file).not.toMatch(/\$\{\{\s*(inputs|github|steps|env|secrets)\./);
    }
  });
});

function stepsOf(document: { runs?: { steps: Step[] }; jobs?: Record<string, { steps?: Step[] }> }): Step[] {
  return [
    ...(document.runs?.steps ?? []),
    ...Object.values(document.jobs ?? {}).flatMap((job) => job.steps ?? []),
  ];
}

describe('run-action', () => {
  it('gives every input as an argument of its own', () => {
    const env = {
      ACTION_GATE: 'a; rm -rf $HOME',
      ACTION_ENV: 'local',
      ACTION_SIGN: 'true',
      ACTION_ARGS: '--rehearse\n60\n',
    };
    expect(actionArguments(env)).toEqual([
      ...['gate', 'run', 'a; rm -rf $HOME', '--json', '--env', 'local', '--sign', '--rehearse', '60'],
    ]);
  });

  it.each([
    [{ ACTION_GATE: '' }, /names no gate/],
    [{ ACTION_GATE: '--help' }, /names no gate/],
    [{ ACTION_GATE: 'a', ACTION_SIGN: 'yes' }, /`true` or `false`/],
    [{ ACTION_GATE: 'a', ACTION_ARGS: '--json' }, /gives that itself/],
    [{ ACTION_GATE: 'a', ACTION_ARGS: '--env=x' }, /gives that itself/],
  ])('refuses %j', (env, message) => {
    expect(() => actionArguments(env)).toThrow(message);
  });

  it('stays in the workspace, and writes no output of somebody else', () => {
    expect(() => actionFolder({ GITHUB_WORKSPACE: '/w', ACTION_FOLDER: '../x' })).toThrow(
      /leaves the workspace/,
    );
    expect(actionOutputs('{"run":"r\\nfolder=/etc","decision":"GO","folder":"f"}', '/w')).toBe('');
    expect(actionOutputs('', '/w')).toBe('');
  });

  it('runs a gate, tells what it decided and where its evidence is, and annotates', async () => {
    const root = await testProject({
      'checklists/environments.yml': stringify({
        environments: { local: { title: 'Local', rehearsal: true } },
      }),
      'checklists/small.gate.yml': stringify({
        gate: 'small',
        title: 'Small',
        environment: 'local',
        items: [
          { id: 'seen', title: 'Seen', check: 'fixed', with: { count: 1 } },
          { id: 'missed', title: 'Missed', check: 'fixed', with: { count: 0 } },
        ],
        sign: { require: [{ role: 'engineering' }] },
      }),
      'countersign.config.ts': fixedKindConfig(),
    });
    const at = (name: string) => join(root, name);
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: root,
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: root,
      GITHUB_OUTPUT: at('output'),
      GITHUB_STEP_SUMMARY: at('summary.md'),
      ACTION_GATE: 'small',
    };
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((done) =>
      execFile(
        process.execPath,
        [join(repo, 'scripts/run-action.ts')],
        { env, cwd: root },
        (error, _, stderr) => done({ code: error?.code ?? 0, stderr }),
      ),
    );
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/^::error file=checklists\/small\.gate\.yml,title=missed%3A failed::Missed/m);
    const outputs = Object.fromEntries(
      (await readFile(at('output'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => line.split('=')),
    );
    expect(outputs).toMatchObject({ decision: 'NO_GO', run: expect.stringContaining('small-') });
    expect(await readFile(outputs.report, 'utf8')).toContain('No go');
    expect(await readFile(at('summary.md'), 'utf8')).toContain('## NO GO: Small');
  });
});
