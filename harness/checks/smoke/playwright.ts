import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { CountersignError } from '../../errors.ts';
import type { CheckContext } from '../define.ts';
import { stopped } from '../guard.ts';
import { isObject } from '../json.ts';
import { type Ended, runProgram } from '../program.ts';
import { type Results, readResults, type TestResult } from './results.ts';

export interface Plan {
  /** For results and attachments; whoever made it removes it. */
  folder: string;
  config: string | undefined;
  projects: readonly string[];
  tags: readonly string[];
  grep: string | undefined;
  shard: string | undefined;
  repeat: number | undefined;
  env: Readonly<Record<string, string>>;
}

const maxOutput = 8 * 1024 * 1024;
const maxReport = 24 * 1024 * 1024;
const maxTests = 5_000;

/** Where browsers are: of no use to anybody else, and no secrets. */
const passOn = [
  'PLAYWRIGHT_BROWSERS_PATH',
  'COUNTERSIGN_CHROMIUM',
  'COUNTERSIGN_CACHE',
  'XDG_CACHE_HOME',
  'CI',
];

/** The part of a check's context that a run of tests needs. */
type RunContext = Pick<CheckContext, 'root' | 'signal' | 'clock' | 'tool' | 'artifact'>;

/** Tests of a selection, none of them run. Two lists at once need two names. */
export async function listTests(
  plan: Plan,
  name: string,
  selection: readonly string[],
  context: RunContext,
): Promise<TestResult[]> {
  const { ended, text } = await start(plan, name, ['--list', ...selection], context);
  const results = readResults(reportOf(ended, text), context.root);
  refuseErrors(results);
  return results.tests;
}

export interface TestRun extends Results {
  durationMs: number;
}

export async function runTests(
  plan: Plan,
  selection: readonly string[],
  context: RunContext,
): Promise<TestRun> {
  const { shard, repeat } = plan;
  const { ended, text } = await start(
    plan,
    'run',
    [
      `--output=${join(plan.folder, 'output')}`,
      ...(shard === undefined ? [] : [`--shard=${shard}`]),
      ...(repeat === undefined ? [] : [`--repeat-each=${repeat}`]),
      ...selection,
    ],
    context,
  );
  await context.artifact('playwright.txt', `${ended.stdout}${ended.stderr}`);
  const report = reportOf(ended, text);
  const kept = await context.artifact('playwright.json', withoutBulk(report), 'application/json');
  // What is judged is what is kept; what tests attached is kept beside it.
  const results = readResults(await kept.text(), context.root);
  refuseErrors(results);
  refuseOddEnd(ended, results.tests);
  const attached = readResults(report, context.root).tests;
  const tests = results.tests.map((test, at) => ({ ...test, attachments: attached[at]?.attachments ?? [] }));
  return { ...results, tests, durationMs: Math.round(ended.durationMs) };
}

async function start(plan: Plan, name: string, args: readonly string[], context: RunContext) {
  const file = join(plan.folder, `${name}.json`);
  const ended = await runProgram({
    file: await context.tool('node'),
    args: [
      cliOf(context.root),
      'test',
      '--reporter=json',
      '--forbid-only',
      '--pass-with-no-tests',
      ...(plan.config === undefined ? [] : [`--config=${plan.config}`]),
      ...args,
    ],
    env: { ...plan.env, PLAYWRIGHT_JSON_OUTPUT_NAME: file, NO_COLOR: '1' },
    passOn,
    cwd: context.root,
    maxOutput,
    signal: context.signal,
    clock: context.clock,
  });
  if (context.signal.aborted) throw stopped(context.signal);
  return { ended, text: await readReport(file) };
}

/** The project's own Playwright: its tests import that one, and two of them do not meet. */
function cliOf(root: string): string {
  try {
    return createRequire(join(root, 'package.json')).resolve('@playwright/test/cli');
  } catch {
    throw new CountersignError('TOOL_MISSING', 'the project has no @playwright/test', {
      hint: '`npm install --save-dev @playwright/test`',
    });
  }
}

async function readReport(file: string): Promise<string | undefined> {
  const size = await stat(file).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined) return undefined;
  if (size > maxReport) {
    throw new CountersignError('EVIDENCE_TOO_LARGE', `the results are over ${maxReport} bytes`);
  }
  return readFile(file, 'utf8');
}

function reportOf(ended: Ended, text: string | undefined): string {
  if (ended.tooLarge) {
    throw new CountersignError(
      'EVIDENCE_TOO_LARGE',
      `Playwright printed more than ${maxOutput} bytes; it was ended`,
    );
  }
  if (ended.failure) throw crashed(`could not be started: ${ended.failure}`);
  if (ended.signal) throw crashed(`was ended by ${ended.signal}`);
  if (text === undefined || text === '') {
    throw crashed(`ended with ${ended.exitCode} and wrote no results${lastWords(ended)}`);
  }
  return text;
}

function crashed(how: string): CountersignError {
  return new CountersignError('SCRIPT_FAILED', `Playwright ${how}`);
}

/** Where it says what it could not do, it says so in its last block, the first line of which begins with "Error". */
function lastWords({ stdout, stderr }: Ended): string {
  const lines = stripVTControlCharacters(`${stdout}\n${stderr}`).split('\n');
  const found = lines.find((line) => /\bError:/.test(line)) ?? lines.findLast((line) => line.trim() !== '');
  return found === undefined ? '' : `: ${found.trim().slice(0, 500)}`;
}

function refuseErrors({ errors, tests }: Results): void {
  if (errors.length > 0) throw crashed(`could not run the tests: ${errors.join('; ').slice(0, 1_000)}`);
  if (tests.length > maxTests) {
    throw new CountersignError('EVIDENCE_TOO_LARGE', `there are ${tests.length} tests, over ${maxTests}`);
  }
}

/** An end that its tests do not explain means that something else went wrong, and the tests are not the whole. */
function refuseOddEnd({ exitCode }: Ended, tests: readonly TestResult[]): void {
  if (tests.some(({ interrupted }) => interrupted)) throw crashed('was interrupted');
  const allWell = tests.every(
    ({ state, didNotRun }) => (state === 'passed' || state === 'skipped') && !didNotRun,
  );
  if (exitCode === 0 || (exitCode === 1 && !allWell)) return;
  throw crashed(`ended with ${exitCode}, which no test explains`);
}

/** Without what tests attached and printed as bytes, and without the configuration of this machine. */
function withoutBulk(report: string): string {
  const drop = new Set(['body', 'buffer']);
  return JSON.stringify(
    JSON.parse(report, (key, value: unknown) => {
      if (drop.has(key)) return undefined;
      if (key === 'config' && isObject(value) && 'rootDir' in value) {
        return { rootDir: value['rootDir'], version: value['version'] };
      }
      return value;
    }),
  );
}
