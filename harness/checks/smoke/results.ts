import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { isShape } from '../../config/validate.ts';
import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { isObject } from '../json.ts';

const Failure = Type.Object({ message: Type.Optional(Type.String()) });
const ResultShape = Type.Object({
  status: Type.Optional(Type.String()),
  duration: Type.Number(),
  error: Type.Optional(Failure),
  attachments: Type.Array(
    Type.Object({
      name: Type.String(),
      contentType: Type.String(),
      path: Type.Optional(Type.String()),
      body: Type.Optional(Type.String()),
    }),
  ),
});
const SpecShape = Type.Object({
  title: Type.String(),
  file: Type.String(),
  tags: Type.Array(Type.String()),
  tests: Type.Array(
    Type.Object({
      projectName: Type.String(),
      expectedStatus: Type.String(),
      status: Type.String(),
      annotations: Type.Array(
        Type.Object({ type: Type.String(), description: Type.Optional(Type.String()) }),
      ),
      results: Type.Array(ResultShape),
    }),
  ),
});
const ReportShape = Type.Object({
  config: Type.Object({ rootDir: Type.String(), version: Type.String() }),
  suites: Type.Array(Type.Unknown()),
  errors: Type.Array(Failure),
});

type Result = Static<typeof ResultShape>;
export type Attachment = Result['attachments'][number];
export type State = 'passed' | 'flaky' | 'failed' | 'skipped' | 'timed_out';

export interface TestResult {
  title: string;
  file: string;
  project: string;
  tags: string[];
  state: State;
  duration_ms: number;
  attempts: number;
  /** First line of what went wrong, or why it was skipped; else empty. */
  error: string;
  /** Neither ran nor was meant to be skipped. */
  didNotRun: boolean;
  interrupted: boolean;
  attachments: Attachment[];
}

export interface Results {
  version: string;
  /** What went wrong outside of tests, such as a file that could not be loaded. */
  errors: string[];
  tests: TestResult[];
}

/** Reads what Playwright's JSON reporter wrote. Paths become relative to the project. */
export function readResults(text: string, root: string): Results {
  const report = parseReport(text);
  const { rootDir, version } = report.config;
  const relativePath = (file: string) => relative(root, join(rootDir, file));
  const tests = report.suites.flatMap((suite) => testsIn(suite, [], relativePath));
  return {
    version,
    errors: report.errors.map(({ message = 'an error without a message' }) => firstLine(message, root)),
    tests: tests.map((test) => ({ ...test, error: firstLine(test.error, root) })),
  };
}

function parseReport(text: string): Static<typeof ReportShape> {
  try {
    const report: unknown = JSON.parse(text);
    if (isShape(ReportShape, report)) return report;
  } catch {
    // Said below: whatever it is, it is no report.
  }
  throw unknownShape();
}

function unknownShape(): CountersignError {
  return new CountersignError(
    'SOURCE_ANSWER',
    "the results are not of the shape of Playwright's JSON reporter",
    {
      hint: 'this reads the results of @playwright/test 1.40 and later',
    },
  );
}

type PathOf = (file: string) => string;

function testsIn(suite: unknown, above: readonly string[], pathOf: PathOf): TestResult[] {
  if (!isObject(suite)) throw unknownShape();
  const { title, file, specs = [], suites = [] } = suite;
  if (!Array.isArray(specs) || !Array.isArray(suites)) throw unknownShape();
  const titles = typeof title === 'string' && title !== file && title !== '' ? [...above, title] : above;
  return [
    ...specs.flatMap((spec) => testsOf(spec, titles, pathOf)),
    ...suites.flatMap((inner) => testsIn(inner, titles, pathOf)),
  ];
}

function testsOf(spec: unknown, titles: readonly string[], pathOf: PathOf): TestResult[] {
  if (!isShape(SpecShape, spec)) throw unknownShape();
  return spec.tests.map((test) => {
    const { results } = test;
    const last = results.at(-1);
    const state = stateOf(test, last);
    const didNotRun = state === 'skipped' && test.expectedStatus !== 'skipped';
    return {
      title: [...titles, spec.title].join(' › '),
      file: pathOf(spec.file),
      project: test.projectName,
      tags: spec.tags.map((tag) => `@${tag.replace(/^@/, '')}`),
      state,
      duration_ms: Math.round(results.reduce((total, { duration }) => total + duration, 0)),
      attempts: results.length,
      error: didNotRun ? 'it did not run' : reasonOf(state, test),
      didNotRun,
      interrupted: results.some(({ status }) => status === 'interrupted'),
      attachments: results.flatMap(({ attachments }) => attachments),
    };
  });
}

type Test = Static<typeof SpecShape>['tests'][number];

/** Marked with `test.fail`, a test that fails is well to Playwright; but what it tests does not work. */
const isMarkedToFail = ({ expectedStatus }: Test) => expectedStatus === 'failed';

function stateOf(test: Test, last: Result | undefined): State {
  const { status } = test;
  if (isMarkedToFail(test) && status !== 'skipped') return 'failed';
  if (status === 'expected') return 'passed';
  if (status === 'flaky' || status === 'skipped') return status;
  if (status !== 'unexpected') throw unknownShape();
  return last?.status === 'timedOut' ? 'timed_out' : 'failed';
}

function reasonOf(state: State, test: Test): string {
  if (state === 'passed') return '';
  if (state === 'skipped') {
    const reason = test.annotations.find(({ type }) => type === 'skip' || type === 'fixme');
    return reason?.description ?? 'skipped without a reason';
  }
  const message = test.results.flatMap(({ error }) => error?.message ?? []).at(-1);
  if (message === undefined) return 'it passed, although it was expected to fail';
  return isMarkedToFail(test) ? `it fails, as \`test.fail\` says: ${message}` : message;
}

/** Without colours, and without the place on this machine; what was expected and what came stand beside it. */
function firstLine(text: string, root: string): string {
  const lines = stripVTControlCharacters(text).replaceAll(`${root}/`, '').split('\n');
  const [first = '', ...rest] = lines.map((line) => line.trim()).filter((line) => line !== '');
  const values = rest.filter((line) => /^(Expected|Received)\b/.test(line)).slice(0, 2);
  return [first, ...values].join('; ').slice(0, 500);
}
