import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findTool } from '#harness/tools/find.ts';
import { bin, type Counts, runStage, type Stage, staticStages, sum } from '#scripts/stages.ts';

const usage = `Usage: node scripts/run-tests.ts [--only STAGE…]

Runs every stage and shows each result; the last line sums up. Stages: types, lint, imports, size, yaml, privacy,
vitest, openapi (a short fuzzing of every documented operation), and playwright where a playwright.config.ts
exists: its project \`report\` only, since the others need a running service (\`countersign smoke run\`).
Zero tests are a failure.
`;

const { values } = parseArgs({
  options: { help: { type: 'boolean', short: 'h' }, only: { type: 'string', multiple: true } },
});

if (values.help) process.stdout.write(usage);
else process.exitCode = await runAll(values.only);

async function runAll(only: readonly string[] | undefined): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-tests-'));
  try {
    const stages = (await stagesIn(folder)).filter(({ name }) => !only || only.includes(name));
    const results: { stage: Stage; counts: Counts }[] = [];
    for (const stage of stages) {
      process.stdout.write(`\n== ${stage.name}\n`);
      results.push({ stage, counts: await runStage(stage) });
    }
    process.stdout.write('\n');
    for (const { stage, counts } of results) process.stdout.write(`${summaryOf(stage.name, counts)}\n`);
    const total = sum(results.map(({ counts }) => counts));
    process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
    return total.failed === 0 && total.passed > 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function stagesIn(folder: string): Promise<Stage[]> {
  const vitest = join(folder, 'vitest.json');
  const playwright = join(folder, 'playwright.json');
  const stages: Stage[] = [
    ...staticStages,
    {
      name: 'vitest',
      command: [bin('vitest'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitest}`],
      results: { format: 'vitest', file: vitest },
    },
    {
      name: 'openapi',
      command: [
        process.execPath,
        'scripts/fuzz-openapi.ts',
        '--phases',
        'fuzzing,stateful',
        '--examples',
        '3',
      ],
    },
  ];
  if (existsSync('playwright.config.ts')) {
    stages.push({
      name: 'playwright',
      command: [bin('playwright'), 'test', '--project=report', '--reporter=line,json'],
      env: { PLAYWRIGHT_JSON_OUTPUT_NAME: playwright, COUNTERSIGN_CHROMIUM: await chromium() },
      results: { format: 'playwright', file: playwright },
    });
  }
  return stages;
}

async function chromium(): Promise<string> {
  const { path } = await findTool('chromium', { env: process.env, root: process.cwd() });
  return path;
}

function summaryOf(name: string, { passed, failed, skipped, seconds }: Counts): string {
  const verdict = failed > 0 ? 'FAILED' : 'ok';
  const left = skipped > 0 ? `, ${skipped} skipped` : '';
  return `${name.padEnd(11)} ${verdict.padEnd(7)} ${passed} passed, ${failed} failed${left} (${seconds.toFixed(1)} s)`;
}
