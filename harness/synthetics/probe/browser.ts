import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Artifact } from '../../checks/define.ts';
import { runTests } from '../../checks/smoke/playwright.ts';
import type { TestResult } from '../../checks/smoke/results.ts';
import { CountersignError } from '../../errors.ts';
import type { BrowserCheck } from '../check-schema.ts';
import type { Looking } from './looking.ts';

/** Runs one file of Playwright tests of the project. */
export async function look(check: BrowserCheck, looking: Looking): Promise<void> {
  const { sight, context } = looking;
  sight.subject = `browser test ${check.file}`;
  sight.stage = 'the end of the tests';
  const { playwright = {} } = context;
  const projects = check.project === undefined ? (playwright.projects ?? []) : [check.project];
  const env = await looking.fill({ ...playwright.env, ...check.env });
  const file = context.resolve(check.file);
  const folder = await mkdtemp(join(tmpdir(), 'countersign-browser-'));
  try {
    const run = await runTests(
      {
        folder,
        config: playwright.config === undefined ? undefined : context.resolve(playwright.config),
        projects,
        tags: [],
        grep: undefined,
        shard: undefined,
        repeat: undefined,
        env,
      },
      [
        `^${RegExp.escape(file)}$`,
        ...projects.map((project) => `--project=${project}`),
        ...(check.grep === undefined ? [] : ['--grep', check.grep]),
      ],
      {
        root: context.root,
        signal: looking.ending.signal,
        clock: context.clock,
        tool: context.tool,
        artifact: async (name, content) => kept(name, String(content)),
      },
    );
    tell(run.tests, run.durationMs, looking);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function tell(tests: readonly TestResult[], durationMs: number, { sight }: Looking): void {
  const count = (...states: TestResult['state'][]) =>
    tests.filter(({ state }) => states.includes(state)).length;
  const broken = tests.filter(
    ({ state, didNotRun }) => state === 'failed' || state === 'timed_out' || didNotRun,
  );
  const [first] = broken;
  if (count('skipped') === tests.length) throw new CountersignError('NO_DATA', 'no test ran');
  if (first && /Executable doesn't exist|browserType\.launch/.test(first.error)) {
    throw new CountersignError('TOOL_MISSING', `the browser did not start: ${first.error}`);
  }
  sight.facts = {
    exit_code: broken.length > 0 ? 1 : 0,
    passed: count('passed'),
    flaky: count('flaky'),
    failed: broken.length,
    skipped: count('skipped'),
    first_failure: first ? `${first.title}: ${first.error}` : '',
    duration_ms: durationMs,
  };
  const again = count('flaky');
  if (again > 0) sight.flaky = `passed after a retry of ${again} ${again === 1 ? 'test' : 'tests'} only`;
  sight.saw = broken.map(({ title, error }) => `${title}: ${error}`).join('\n');
}

/** An observation keeps no files: what is judged is read back from memory. */
function kept(name: string, text: string): Artifact {
  return {
    name,
    mediaType: 'text/plain',
    sha256: createHash('sha256').update(text).digest('hex'),
    bytes: Buffer.byteLength(text),
    text: async () => text,
  };
}
