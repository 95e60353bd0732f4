import { rm } from 'node:fs/promises';
import { stringify } from 'yaml';
import { fixedKindConfig, runCli, testProject } from '#harness/testing/cli.ts';

/**
 * A gate of 100 items of 100 ms in 4 levels of 25: the wall time of the whole command, start-up, journal, evidence and
 * report included, against the critical path. Goal: at most 1.05 times the path plus 200 ms.
 */
const levels = 4;
const perLevel = 25;
const itemMs = 100;
const runs = 3;

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

async function wall(root: string): Promise<number> {
  const from = performance.now();
  const { exit, stderr } = await runCli(root, ['gate', 'run', 'wide']);
  if (exit !== 0) throw new Error(stderr);
  return performance.now() - from;
}

export async function bench(): Promise<string[]> {
  const root = await testProject({
    'checklists/environments.yml': stringify({ environments: { here: { title: 'Here', rehearsal: true } } }),
    'checklists/wide.gate.yml': gate(levels * perLevel),
    'countersign.config.ts': fixedKindConfig(),
  });
  try {
    await wall(root);
    const times: number[] = [];
    for (let run = 0; run < runs; run += 1) times.push(await wall(root));
    const median = times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
    const path = levels * itemMs;
    const goal = 1.05 * path + 200;
    return [
      `gate of ${levels * perLevel} items of ${itemMs} ms in ${levels} levels: ${median.toFixed(0)} ms, median of ${runs}`,
      `  critical path ${path} ms, goal ${goal} ms, ratio to the goal ${(median / goal).toFixed(2)}`,
    ];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
