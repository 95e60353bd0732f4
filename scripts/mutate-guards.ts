import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Guard } from '#scripts/guard.ts';
import { guards } from '#scripts/guards.ts';
import { ownFiles } from '#scripts/own-files.ts';
import { bin } from '#scripts/stages.ts';

const usage = `Usage: node scripts/mutate-guards.ts [--only T7]

For each threat of harness/sign/threats.md: takes its guard out of the code, in a copy of the repo, and runs the test
that is named for it, which must fail then. With all guards in place the same tests must pass. Exits with 1 where a test
stays green without its guard, or where a guard is not where it is said to be.

  --only T7      the guards of one threat
`;

if (import.meta.main) process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  const chosen = guards.filter(({ threat }) => values.only === undefined || threat === values.only);
  if (values.help || chosen.length === 0) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const root = await copyOfRepo();
  try {
    return (await removeEach(root, chosen)) ? 0 : 1;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function removeEach(root: string, chosen: readonly Guard[]): Promise<boolean> {
  const files = [...new Set(chosen.map(({ test }) => test))];
  const whole = await runTests(
    root,
    files,
    chosen.map(({ title }) => title),
  );
  const unready = chosen.filter(({ test, title }) => !isGreen(whole, test, title));
  for (const { threat, test, title } of unready)
    process.stdout.write(`${threat} ${test}: "${title}" is not green with all guards in place\n`);
  let red = 0;
  for (const guard of chosen) {
    const from = performance.now();
    const isRed = await failsWithout(root, guard);
    red += isRed ? 1 : 0;
    const seconds = ((performance.now() - from) / 1_000).toFixed(1);
    const told = isRed ? 'red  ' : 'GREEN';
    process.stdout.write(
      `${guard.threat.padEnd(3)} ${told} in ${seconds} s  ${guard.file}  ${guard.title}\n`,
    );
  }
  process.stdout.write(`${red} of ${chosen.length} guards: their tests fail without them\n`);
  return red === chosen.length && unready.length === 0;
}

async function failsWithout(root: string, guard: Guard): Promise<boolean> {
  const path = join(root, guard.file);
  const text = await readFile(path, 'utf8');
  const changed = without(text, guard);
  if (changed === undefined) return false;
  await writeFile(path, changed);
  try {
    const outcome = await runTests(root, [guard.test], [guard.title]);
    return outcome.some(({ status }) => status === 'failed');
  } finally {
    await writeFile(path, text);
  }
}

/** Nothing where the guard does not stand there exactly once. */
export function without(text: string, { find, replace }: Guard): string | undefined {
  const parts = text.split(find);
  return parts.length === 2 ? parts.join(replace) : undefined;
}

interface TestOutcome {
  file: string;
  title: string;
  status: string;
}

function isGreen(outcomes: readonly TestOutcome[], file: string, title: string): boolean {
  const ours = outcomes.filter((one) => one.file.endsWith(file) && one.title.startsWith(title));
  return ours.length > 0 && ours.every(({ status }) => status === 'passed');
}

/** Tests whose title begins so. A file that can not even be loaded has no outcome: it shows nothing. */
async function runTests(
  root: string,
  files: readonly string[],
  titles: readonly string[],
): Promise<TestOutcome[]> {
  const pattern = titles.map((title) => title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const output = join(root, 'outcome.json');
  await rm(output, { force: true });
  const args = ['run', ...files, '-t', `(?:${pattern})`, '--reporter=json', `--outputFile=${output}`];
  const child = spawn(join(root, bin('vitest')), args, { cwd: root, stdio: 'ignore' });
  await once(child, 'exit');
  const report = JSON.parse(await readFile(output, 'utf8').catch(() => '{"testResults":[]}')) as {
    testResults: { name: string; assertionResults: { title: string; status: string }[] }[];
  };
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ title }) => titles.some((wanted) => title.startsWith(wanted)))
      .map(({ title, status }) => ({ file: name, title, status })),
  );
}

/** As the files stand now; the working tree is never touched. */
async function copyOfRepo(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'countersign-guards-'));
  const kept = new Set<string>();
  for (const file of await ownFiles()) {
    const to = join(root, file);
    if (!kept.has(dirname(to))) await mkdir(dirname(to), { recursive: true });
    kept.add(dirname(to));
    await cp(file, to);
  }
  await symlink(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  return root;
}
