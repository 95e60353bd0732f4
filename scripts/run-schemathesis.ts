import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Schemathesis } from '#scripts/bring-schemathesis.ts';

const rules = join(import.meta.dirname, 'schemathesis.toml');

export interface FuzzTarget {
  /** Of the service; the document may be a changed copy of what it serves. */
  url: string;
  document: object;
  /** Sent with every request. */
  headers: Readonly<Record<string, string>>;
  seed: number;
  /** Of each operation in each phase, at most. */
  examples: number;
  phases: readonly string[];
  timeoutMs: number;
  env: Readonly<Record<string, string | undefined>>;
}

export interface FuzzOutcome {
  /** In words, with the operation where there is one; empty means that nothing was found. */
  findings: string[];
  tested: number;
  cases: number;
  /** Operations that only ever answered 401 or 403. */
  refused: string[];
  seconds: number;
  output: string;
}

interface RunReport {
  complete: boolean;
  stop_reason: string;
  running_time: number;
  operations: { total: number; selected: number; tested: number; errored: number; skipped: number };
  test_cases: { generated: number };
  failures: { code: string; title: string; operations: string[] }[];
  errors: unknown[];
  warnings: { missing_auth: string[] };
}

/** One caller against every operation of the document. */
export async function runSchemathesis(tool: Schemathesis, target: FuzzTarget): Promise<FuzzOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-fuzz-'));
  try {
    const [document, settings, report] = ['openapi.json', 'schemathesis.toml', 'report.json'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    await writeFile(document, JSON.stringify(target.document));
    // Before the tables of the rules; in a file, since a command line is everybody's to read.
    const headers = Object.entries(target.headers).map(
      ([name, value]) => `${name} = ${JSON.stringify(value)}`,
    );
    const written = `headers = { ${headers.join(', ')} }\n${await readFile(rules, 'utf8')}`;
    await writeFile(settings, written, { mode: 0o600 });
    const flags = ['--config-file', settings, 'run', document, '--report-json-path', report];
    const ended = await run(tool, [...flags, ...settingsOf(target)], target, folder);
    const text = await readFile(report, 'utf8').catch(() => undefined);
    return { ...judge(text, ended), output: ended.output };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function settingsOf({ url, seed, examples, phases }: FuzzTarget): string[] {
  const numbers = ['--seed', String(seed), '--max-examples', String(examples), '--workers', '1'];
  const always = ['--report', 'json', '--checks', 'all', '--continue-on-failure', '--no-color'];
  return ['--url', url, '--phases', phases.join(','), '--generation-database', 'none', ...numbers, ...always];
}

export interface Ended {
  code: number | null;
  isTooLate: boolean;
  output: string;
}

async function run(
  { command }: Schemathesis,
  args: readonly string[],
  { timeoutMs, env }: FuzzTarget,
  cwd: string,
): Promise<Ended> {
  const [program, ...first] = command;
  const child = spawn(program, [...first, ...args], {
    cwd,
    env: { ...env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code, signal] = await once(child, 'close').catch((thrown) => [127, String(thrown)]);
  return { code, isTooLate: signal === 'SIGKILL', output };
}

/** A run that says nothing, tested nothing or not everything, or did not end by itself, found something. */
export function judge(text: string | undefined, { code, isTooLate }: Ended): Omit<FuzzOutcome, 'output'> {
  const nothing = { tested: 0, cases: 0, refused: [], seconds: 0 };
  if (isTooLate) return { ...nothing, findings: ['it did not end in its time'] };
  if (text === undefined) return { ...nothing, findings: [`it ended with ${code} and left no report`] };
  const report = JSON.parse(text) as RunReport;
  const { operations, failures, errors } = report;
  const findings = failures.flatMap(({ code: rule, title, operations: where }) =>
    where.map((operation) => `${operation}: ${title} (${rule})`),
  );
  for (const error of errors) findings.push(`error: ${JSON.stringify(error).slice(0, 500)}`);
  if (!report.complete) findings.push(`it stopped before its end: ${report.stop_reason}`);
  if (!(operations.tested > 0)) findings.push('no operation was tested');
  if (operations.tested !== operations.total) {
    findings.push(`only ${operations.tested} of ${operations.total} operations were tested`);
  }
  if (!(report.test_cases.generated > 0)) findings.push('no case was tried');
  if (findings.length === 0 && code !== 0) findings.push(`it ended with ${code}`);
  return {
    findings,
    tested: operations.tested,
    cases: report.test_cases.generated,
    refused: report.warnings.missing_auth,
    seconds: report.running_time,
  };
}
