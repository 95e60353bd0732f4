import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Stage {
  name: string;
  command: readonly [string, ...string[]];
  env?: Record<string, string>;
  /** Where the program leaves its numbers; without, the stage counts as one. */
  results?: { format: 'vitest' | 'playwright'; file: string };
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
}

export const bin = (name: string) => join('node_modules', '.bin', name);

/** What can be said of the source alone. */
export const staticStages: readonly Stage[] = [
  { name: 'types', command: [bin('tsc'), '--noEmit', '-p', '.'] },
  { name: 'lint', command: [bin('biome'), 'ci', '--max-diagnostics=50', '.'] },
  { name: 'imports', command: [process.execPath, 'scripts/check-imports.ts'] },
  { name: 'size', command: [process.execPath, 'scripts/check-size.ts'] },
  { name: 'yaml', command: [process.execPath, 'scripts/lint-yaml.ts'] },
  { name: 'privacy', command: [process.execPath, 'scripts/scan-personal-data.ts'] },
];

/** Runs a stage to its end; its output goes where ours goes. */
export async function runStage({ command, env, results }: Stage): Promise<Counts> {
  const from = performance.now();
  const [program, ...args] = command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  const [code] = await once(child, 'exit').catch(() => [127]);
  const seconds = (performance.now() - from) / 1_000;
  if (!results) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, seconds };
  const text = await readFile(results.file, 'utf8').catch(() => undefined);
  return { ...countTests(results.format, text, code), seconds };
}

/** A suite that gave no numbers, ran nothing, or ended badly although every test passed, has failed. */
export function countTests(
  format: 'vitest' | 'playwright',
  text: string | undefined,
  code: unknown,
): Omit<Counts, 'seconds'> {
  const counts = text === undefined ? undefined : parseCounts(format, text);
  if (!counts) return { passed: 0, failed: 1, skipped: 0 };
  const isSilentFailure = counts.failed === 0 && (code !== 0 || counts.passed === 0);
  return isSilentFailure ? { ...counts, failed: 1 } : counts;
}

function parseCounts(format: 'vitest' | 'playwright', text: string): Omit<Counts, 'seconds'> | undefined {
  const report = readJson(text);
  const { stats } = report as { stats?: Record<string, number> };
  const number = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);
  const counts =
    format === 'vitest'
      ? {
          passed: number(report['numPassedTests']),
          failed: number(report['numFailedTests']) + fileFailures(report),
          skipped: number(report['numPendingTests']) + number(report['numTodoTests']),
        }
      : {
          passed: number(stats?.['expected']),
          failed: number(stats?.['unexpected']) + number(stats?.['flaky']),
          skipped: number(stats?.['skipped']),
        };
  return Object.values(counts).every(Number.isInteger) ? counts : undefined;
}

/** A file that could not even be loaded has no tests, and must count. */
function fileFailures(report: Record<string, unknown>): number {
  const files = Array.isArray(report['testResults']) ? report['testResults'] : [];
  return files.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
    .length;
}

function readJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export function sum(all: readonly Counts[]): Counts {
  const total = { passed: 0, failed: 0, skipped: 0, seconds: 0 };
  for (const counts of all) {
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    total.seconds += counts.seconds;
  }
  return total;
}
