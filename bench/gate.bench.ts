import { rm } from 'node:fs/promises';
import { stringify } from 'yaml';
import { openProject, type Project, runGate } from '#harness/index.ts';
import { fixedKindConfig, runCli, testProject } from '#harness/testing/cli.ts';

/**
 * A gate of 100 items of 100 ms in 4 levels of 25: wall time, journal, evidence and report included,
 * against the critical path. Goal: at most 1.05 times the path plus 200 ms.
 */
const levels = 4;
const perLevel = 25;
const itemMs = 100;
const runs = 5;

function gate(count: number): string {
  const items = Array.from({ length: count }, (_, index) => {
    const level = Math.floor(index / perLevel);
    const needs =
      level === 0
        ? []
        : Array.from({ length: perLevel }, (_unused, at) => `item-${(level - 1) * perLevel + at}`);
    return {
      id: `item-${index}`,
      title: `Item ${index}`,
      check: 'fixed',
      needs,
      with: { count: 1, wait_ms: itemMs },
    };
  });
  return stringify({
    gate: 'wide',
    title: 'Wide',
    environment: 'here',
    concurrency: perLevel,
    items,
    sign: { require: [{ role: 'r' }] },
  });
}

async function command(root: string): Promise<number> {
  const from = performance.now();
  const { exit, stderr } = await runCli(root, ['gate', 'run', 'wide']);
  if (exit !== 0) throw new Error(stderr);
  return performance.now() - from;
}

/** As a library, from the file to the written report, with the modules loaded. */
async function library(project: Project): Promise<number> {
  const from = performance.now();
  const quiet = () => {};
  const listener = { started: quiet, progress: quiet, attempted: quiet, finished: quiet };
  const { statement } = await runGate({
    project,
    cwd: project.root,
    gate: 'wide',
    env: process.env,
    clock: { now: () => new Date(), monotonic: () => performance.now() },
    signal: new AbortController().signal,
    listener,
    say: quiet,
  });
  if (statement.predicate.decision !== 'REHEARSAL_GO') throw new Error(statement.predicate.decision);
  return performance.now() - from;
}

async function median(measure: () => Promise<number>): Promise<number> {
  await measure();
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await measure());
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}

export async function bench(): Promise<string[]> {
  const root = await testProject({
    'checklists/environments.yml': stringify({ environments: { here: { title: 'Here', rehearsal: true } } }),
    'checklists/wide.gate.yml': gate(levels * perLevel),
    'countersign.config.ts': fixedKindConfig(),
  });
  try {
    const path = levels * itemMs;
    const goal = 1.05 * path + 200;
    const project = await openProject(root);
    const inProcess = await median(() => library(project));
    const whole = await median(() => command(root));
    const line = (what: string, time: number) =>
      `  ${what} ${time.toFixed(0)} ms, ratio to the goal ${(time / goal).toFixed(2)}`;
    return [
      `gate of ${levels * perLevel} items of ${itemMs} ms in ${levels} levels: critical path ${path} ms, goal ${goal} ms, medians of ${runs}`,
      line('runGate, from file to report:', inProcess),
      line('the command, start of Node included:', whole),
    ];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
