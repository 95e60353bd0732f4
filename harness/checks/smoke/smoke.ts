import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, defineCheck, Options } from '../define.ts';
import { guard, redactFacts } from '../guard.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';
import { lintFile } from '../lint-file.ts';
import { keepAttachments } from './keep.ts';
import { listTests, type Plan, runTests } from './playwright.ts';
import type { State, TestResult } from './results.ts';
import {
  argumentsToRun,
  argumentsToWrite,
  doesWrite,
  refuseBadSelection,
  selectionProblem,
  withAt,
} from './select.ts';
import { withoutTokens } from './tokens.ts';

const SmokeOptions = Options({
  config: Type.Optional(
    Type.String({
      description: 'configuration of Playwright; default the one of the environment, else the usual name',
    }),
  ),
  projects: Type.Optional(
    Type.Array(Type.String(), {
      description: 'projects of that configuration; default those of the environment',
    }),
  ),
  tags: Type.Optional(
    Type.Array(Type.String({ pattern: '^@?[A-Za-z0-9][A-Za-z0-9_:.-]*$' }), {
      description: 'only tests that have all of them',
    }),
  ),
  grep: Type.Optional(Type.String({ minLength: 1, description: 'only tests whose title this pattern fits' })),
  shard: Type.Optional(Type.String({ description: 'a part of the tests: 1/3' })),
  repeat: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'run each test so often' })),
  env: Type.Optional(
    Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), Type.String(), {
      description:
        'what the tests find in their environment, besides what the environment says under `smoke`',
    }),
  ),
  read_only: Type.Optional(
    Type.Boolean({
      description: 'leave out tests tagged @writes; always so where the environment allows none',
    }),
  ),
});

type Settings = Static<typeof SmokeOptions>;

const TestFacts = Type.Object({
  title: Type.String({ description: 'with the titles of the groups around it' }),
  file: Type.String(),
  project: Type.String(),
  tags: Type.Array(Type.String()),
  state: Type.String({ description: 'passed, flaky, failed, timed_out or skipped' }),
  duration_ms: Type.Integer({ description: 'all attempts together' }),
  attempts: Type.Integer(),
  error: Type.String({ description: 'first line of what went wrong, or why it was skipped; else empty' }),
});

export default defineCheck({
  kind: 'smoke',
  summary: "Run the project's own Playwright tests against an environment",
  options: SmokeOptions,
  facts: Type.Object({
    tests: Type.Array(TestFacts, { description: 'each test, one for each project and repetition' }),
    total: Type.Integer({ description: 'all tests that were chosen and not left out' }),
    passed: Type.Integer({ description: 'at the first attempt' }),
    flaky: Type.Integer({ description: 'passed after a retry' }),
    failed: Type.Integer(),
    timed_out: Type.Integer(),
    skipped: Type.Integer({ description: 'by their own word' }),
    did_not_run: Type.Integer({ description: 'neither ran nor said that they skip; in state `skipped`' }),
    broken: Type.Array(Type.String(), {
      description: 'title and error of each test that failed, timed out or did not run',
    }),
    read_only: Type.Boolean(),
    left_out: Type.Array(Type.Object({ title: Type.String(), file: Type.String(), project: Type.String() }), {
      description: 'tests tagged @writes that were not run',
    }),
    left_out_total: Type.Integer(),
    duration_ms: Type.Integer({ description: 'of the run, the start of Playwright included' }),
    playwright: Type.String({ description: 'version' }),
    attachments_left_out: Type.Integer({
      description: 'not kept: too much, or not to be searched for secrets',
    }),
  }),
  expect: ['size(broken) == 0', 'flaky == 0', 'passed > 0'],
  effects: 'reads',
  async lint(options, context) {
    lintTemplates({ env: options.env ?? {} }, context);
    for (const option of ['grep', 'shard'] as const) {
      const problem = selectionProblem(option, options[option]);
      if (problem !== undefined) context.report([option], problem);
    }
    if (options.config !== undefined) await lintFile(context, 'config', options.config);
  },
  measure(options, context) {
    const careful = withoutTokens(context);
    return guard(careful, 'SCRIPT_FAILED', () => measure(options, careful));
  },
});

async function measure(options: Settings, context: CheckContext) {
  refuseBadSelection(options);
  const readOnly = options.read_only === true || !context.environment.writes;
  if (!readOnly && context.attempt > 1) {
    throw new CountersignError('CONFIG_INVALID', 'tests that write are not run a second time', {
      hint: 'say `read_only: true`, or leave retries to Playwright',
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'countersign-smoke-'));
  try {
    const plan = await planOf(options, context, folder);
    const leftOut = readOnly ? await leaveOutWriters(plan, context) : [];
    const run = await runTests(plan, argumentsToRun(plan, readOnly), context);
    refuseNoTests(run.tests, leftOut);
    const notKept = await keepAttachments(run.tests, folder, context);
    const facts = {
      ...countsOf(run.tests),
      tests: run.tests.map(shown),
      broken: run.tests.filter(isBroken).map(({ title, error }) => `${title}: ${error}`),
      read_only: readOnly,
      left_out: leftOut.map(({ title, file, project }) => ({ title, file, project })),
      left_out_total: leftOut.length,
      duration_ms: run.durationMs,
      playwright: run.version,
      attachments_left_out: notKept,
    };
    return { facts: redactFacts(facts, context.redact) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function planOf(options: Settings, context: CheckContext, folder: string): Promise<Plan> {
  const { config, projects = [], env = {} } = context.environment.smoke ?? {};
  const file = options.config ?? config;
  return {
    folder,
    config: file === undefined ? undefined : context.resolve(file),
    projects: options.projects ?? projects,
    tags: (options.tags ?? []).map(withAt),
    grep: options.grep,
    shard: options.shard,
    repeat: options.repeat,
    env: await interpolate({ ...env, ...options.env }, context),
  };
}

/** To Playwright no pattern is about projects that others depend on: a test of theirs that writes would run. */
async function leaveOutWriters(plan: Plan, context: CheckContext): Promise<TestResult[]> {
  const [wanted, running] = await Promise.all([
    listTests(plan, 'writing', argumentsToWrite(plan), context),
    listTests(plan, 'running', argumentsToRun(plan, true), context),
  ]);
  const writer = running.find(doesWrite);
  if (!writer) return wanted.filter(doesWrite);
  throw new CountersignError(
    'CONFIG_INVALID',
    `\`${writer.title}\` writes and cannot be left out: others depend on its project \`${writer.project}\``,
    { hint: 'where nothing may be written, name `projects` that depend on no such test' },
  );
}

/** Nothing ran, so nothing can be said: neither that it works nor that it does not. */
function refuseNoTests(tests: readonly TestResult[], leftOut: readonly TestResult[]): void {
  if (tests.some(({ state }) => state !== 'skipped')) return;
  const why = [
    ...(tests.length > 0 ? [`${tests.length} skipped`] : []),
    ...(leftOut.length > 0 ? [`${leftOut.length} left out because they write`] : []),
  ];
  const reason = why.length > 0 ? `: ${why.join(', ')}` : '; does the selection fit any?';
  throw new CountersignError('NO_DATA', `no test ran${reason}`);
}

function countsOf(tests: readonly TestResult[]) {
  const count = (state: State) => tests.filter((test) => test.state === state && !test.didNotRun).length;
  return {
    total: tests.length,
    passed: count('passed'),
    flaky: count('flaky'),
    failed: count('failed'),
    timed_out: count('timed_out'),
    skipped: count('skipped'),
    did_not_run: tests.filter(({ didNotRun }) => didNotRun).length,
  };
}

function isBroken({ state, didNotRun }: TestResult): boolean {
  return state === 'failed' || state === 'timed_out' || didNotRun;
}

function shown({ didNotRun: _, interrupted: _i, attachments: _a, ...test }: TestResult) {
  return test;
}
