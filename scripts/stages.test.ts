import { expect, test } from 'vitest';
import { countTests } from '#scripts/stages.ts';

const vitest = (passed: number, failed: number, files: unknown[] = []) =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: files,
  });

test('numbers of a suite are taken over', () => {
  expect(countTests('vitest', vitest(3, 1), 1)).toEqual({ passed: 3, failed: 1, skipped: 0 });
  const playwright = JSON.stringify({ stats: { expected: 2, unexpected: 1, flaky: 1, skipped: 4 } });
  expect(countTests('playwright', playwright, 1)).toEqual({ passed: 2, failed: 2, skipped: 4 });
});

test('a suite without numbers has failed', () => {
  expect(countTests('vitest', undefined, 0).failed).toBe(1);
  expect(countTests('vitest', '{', 0).failed).toBe(1);
  expect(countTests('vitest', '{}', 0).failed).toBe(1);
});

test('a suite that ran nothing has failed', () => {
  expect(countTests('vitest', vitest(0, 0), 0).failed).toBe(1);
});

test('a suite that ended badly has failed although every test passed', () => {
  expect(countTests('vitest', vitest(5, 0), 1)).toEqual({ passed: 5, failed: 1, skipped: 0 });
});

test('a test file that could not be loaded counts', () => {
  const broken = { status: 'failed', assertionResults: [] };
  expect(countTests('vitest', vitest(5, 0, [broken]), 1).failed).toBe(1);
});
